# SPDX-License-Identifier: MIT
# race: none
import threading

parts = {}
available = threading.Semaphore(0)


def make(name):
    parts[name] = name.upper()
    available.release()


threads = [threading.Thread(target=make, args=(name,)) for name in "abc"]
for thread in threads:
    thread.start()
for _ in threads:
    available.acquire()
print(sorted(parts.items()))
for thread in threads:
    thread.join()
