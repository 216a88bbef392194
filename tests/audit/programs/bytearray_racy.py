# SPDX-License-Identifier: MIT
# race: certain bytearray[0]
import threading

buffer = bytearray(4)


def add():
    buffer[0] += 1


threads = [threading.Thread(target=add) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(buffer[0])
