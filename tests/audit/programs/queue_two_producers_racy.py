# SPDX-License-Identifier: MIT
# race: certain Stats.sent
import queue
import threading


class Stats:
    def __init__(self):
        self.sent = 0


stats = Stats()
messages = queue.Queue()


def produce():
    for number in range(5):
        messages.put(number)
        stats.sent += 1


threads = [threading.Thread(target=produce) for _ in range(2)]
for thread in threads:
    thread.start()
for _ in range(10):
    messages.get()
for thread in threads:
    thread.join()
print(stats.sent)
