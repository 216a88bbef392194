# SPDX-License-Identifier: MIT
# race: certain list
import threading

window = [1, 2, 3, 4]


def move():
    window[:2] = [5]


def read():
    print(len(window[1:]) > 1)


threads = [threading.Thread(target=move), threading.Thread(target=read)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
