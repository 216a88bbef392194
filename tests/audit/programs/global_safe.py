# SPDX-License-Identifier: MIT
# race: none
import threading

total = 0


def add():
    global total
    total += 1


for _ in range(3):
    thread = threading.Thread(target=add)
    thread.start()
    thread.join()
    total += 1
print(total)
