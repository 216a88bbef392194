# SPDX-License-Identifier: MIT
# race: certain Counter.value
import threading


class Counter:
    def __init__(self):
        self.value = 0


def count(counter):
    for _ in range(100):
        counter.value += 1


counter = Counter()
threads = [threading.Thread(target=count, args=(counter,)) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(counter.value)
