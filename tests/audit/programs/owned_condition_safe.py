# SPDX-License-Identifier: MIT
# race: none
import threading

import owned


class Box:
    def __init__(self):
        self.content = None


box = Box()
is_full = False
condition = owned.Condition()


def fill():
    global is_full
    box.content = "pears"
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
