# SPDX-License-Identifier: MIT
# race: certain list[0]
import threading

totals = [0, 0]


def add():
    for _ in range(50):
        totals[0] = totals[0] + 1


threads = [threading.Thread(target=add) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(totals)
