# SPDX-License-Identifier: MIT
# race: none
import threading


class Counter:
    def __init__(self):
        self.lock = threading.Lock()
        self.value = 0


def count(counter):
    for _ in range(100):
        with counter.lock:
            counter.value += 1


counter = Counter()
threads = [threading.Thread(target=count, args=(counter,)) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(counter.value)
