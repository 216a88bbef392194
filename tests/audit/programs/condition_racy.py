# SPDX-License-Identifier: MIT
# race: certain Box.content
import threading


class Box:
    def __init__(self):
        self.content = None


box = Box()
is_full = False
condition = threading.Condition()


def fill():
    global is_full
    with condition:
        is_full = True
        condition.notify()
    box.content = "apples"


thread = threading.Thread(target=fill)
with condition:
    thread.start()
    while not is_full:
        condition.wait()
print(box.content in (None, "apples"))
thread.join()
