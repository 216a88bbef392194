# SPDX-License-Identifier: MIT
# race: certain list
import heapq
import threading

heap = [1, 5, 3]


def add():
    heapq.heappush(heap, 2)


threads = [threading.Thread(target=add), threading.Thread(target=lambda: print(max(heap)))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
