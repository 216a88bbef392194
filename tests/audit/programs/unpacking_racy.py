# SPDX-License-Identifier: MIT
# race: certain list[0]
import threading

pair = [1, 2]


def change():
    pair[0] = 3


def read():
    one, two = pair
    print(one in (1, 3), two)


threads = [threading.Thread(target=change), threading.Thread(target=read)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
