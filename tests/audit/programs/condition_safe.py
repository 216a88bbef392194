# SPDX-License-Identifier: MIT
# race: none
import threading


class Box:
    def __init__(self):
        self.content = None


box = Box()
is_full = False
condition = threading.Condition()


def fill():
    global is_full
    box.content = "apples"
    with condition:
        is_full = True
        condition.notify()


thread = threading.Thread(target=fill)
with condition:
    thread.start()
    while not is_full:
        condition.wait()
print(box.content)
thread.join()
