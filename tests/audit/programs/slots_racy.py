# SPDX-License-Identifier: MIT
# race: certain Point.x
import threading


class Point:
    __slots__ = ("x", "y")

    def __init__(self):
        self.x = self.y = 0


point = Point()


def left():
    point.x -= 1
    point.x -= 1


def right():
    point.x += 1


threads = [threading.Thread(target=left), threading.Thread(target=right)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(point.x)
