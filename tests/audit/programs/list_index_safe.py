# SPDX-License-Identifier: MIT
# race: none
import threading

totals = [0, 0]


def add(index):
    for _ in range(50):
        totals[index] += 1


threads = [threading.Thread(target=add, args=(index,)) for index in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(totals)
