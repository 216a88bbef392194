# SPDX-License-Identifier: MIT
# race: certain Stock.looked_at
import threading

import owned


class Stock:
    def __init__(self):
        self.looked_at = 0


stock = Stock()
lock = owned.RWLock()
both_read = threading.Barrier(2)


def look():
    with lock.read:
        both_read.wait()
        stock.looked_at += 1  # a write, with others in


threads = [threading.Thread(target=look) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
