# SPDX-License-Identifier: MIT
# race: certain __main__.total
import threading

total = 0


def add():
    global total
    for _ in range(100):
        total += 1


threads = [threading.Thread(target=add) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(total)
