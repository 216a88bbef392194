# SPDX-License-Identifier: MIT
# race: possible Box.content
import os
import threading


class Box:
    def __init__(self):
        self.content = None


box = Box()
condition = threading.Condition()
filled, tell = os.pipe()


def fill():
    box.content = "apples"
    with condition:
        pass
    os.write(tell, b"x")


thread = threading.Thread(target=fill)
thread.start()
os.read(filled, 1)
with condition:
    pass
print(box.content)
thread.join()
