# SPDX-License-Identifier: MIT
# race: certain dict['hits']
import threading

stats = {"hits": 0, "misses": 0}


def hit():
    for _ in range(50):
        stats["hits"] += 1


threads = [threading.Thread(target=hit) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(stats)
