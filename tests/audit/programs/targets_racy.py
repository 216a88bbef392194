# SPDX-License-Identifier: MIT
# race: certain Screen.row
# race: certain Screen.file
import io
import threading


class Screen:
    row = None
    file = None


screen = Screen()


def draw():
    for screen.row in range(3):
        pass
    with io.StringIO() as screen.file:
        pass


threads = [threading.Thread(target=draw) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(screen.row)
