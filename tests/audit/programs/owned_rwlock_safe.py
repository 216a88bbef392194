# SPDX-License-Identifier: MIT
# race: none
import threading

import owned

prices = {"apple": 1}
lock = owned.RWLock()


def change():
    for price in range(5):
        with lock.write:
            prices["apple"] = price


def look():
    for _ in range(5):
        with lock.read:
            prices["apple"]


threads = [threading.Thread(target=one) for one in (change, look, look)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
