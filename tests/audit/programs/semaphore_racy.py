# SPDX-License-Identifier: MIT
# race: certain Pool.used
import threading


class Pool:
    def __init__(self):
        self.used = 0


pool = Pool()
places = threading.BoundedSemaphore(2)
both_in = threading.Barrier(2)


def use():
    with places:
        both_in.wait()
        pool.used += 1


threads = [threading.Thread(target=use) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
