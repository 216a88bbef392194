# SPDX-License-Identifier: MIT
# race: none
import heapq
import threading

heap = []
lock = threading.Lock()


def add(numbers):
    for number in numbers:
        with lock:
            heapq.heappush(heap, number)


threads = [threading.Thread(target=add, args=(range(start, start + 5),)) for start in (0, 3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(heapq.heappop(heap))
