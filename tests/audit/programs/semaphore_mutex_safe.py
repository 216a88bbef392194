# SPDX-License-Identifier: MIT
# race: none
import threading

total = 0
only_one = threading.BoundedSemaphore()


def add():
    global total
    for _ in range(20):
        with only_one:
            total += 1


threads = [threading.Thread(target=add) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(total)
