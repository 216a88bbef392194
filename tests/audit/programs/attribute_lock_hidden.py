# SPDX-License-Identifier: MIT
# race: possible Cache.size
import os
import threading


class Cache:
    def __init__(self):
        self.lock = threading.Lock()
        self.size = 0

    def grow(self):
        self.size += 1  # before the lock is taken
        with self.lock:
            pass

    def show(self):
        with self.lock:
            return self.size


cache = Cache()
grown, tell = os.pipe()


def work():
    cache.grow()
    os.write(tell, b"x")


thread = threading.Thread(target=work)
thread.start()
os.read(grown, 1)
print(cache.show())
thread.join()
