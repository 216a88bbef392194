# SPDX-License-Identifier: MIT
# race: none
import bisect
import threading

names = []
lock = threading.Lock()


def add(name):
    with lock:
        bisect.insort(names, name)


threads = [threading.Thread(target=add, args=(name,)) for name in "cab"]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(names)
