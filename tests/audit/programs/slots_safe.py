# SPDX-License-Identifier: MIT
# race: none
import threading


class Point:
    __slots__ = ("x", "y")

    def __init__(self):
        self.x = self.y = 0


point = Point()


def move_x():
    point.x += 1


def move_y():
    point.y += 1


threads = [threading.Thread(target=move_x), threading.Thread(target=move_y)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(point.x, point.y)
