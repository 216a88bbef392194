# SPDX-License-Identifier: MIT
# race: none
import os
import threading


class Box:
    def __init__(self):
        self.content = None


box = Box()
is_full = False
condition = threading.Condition(threading.Lock())
filled, tell = os.pipe()


def fill():
    global is_full
    box.content = "apples"
    with condition:
        is_full = True
        condition.notify_all()
    os.write(tell, b"x")


thread = threading.Thread(target=fill)
thread.start()
os.read(filled, 1)
with condition:
    condition.wait_for(lambda: is_full)
print(box.content)
thread.join()
