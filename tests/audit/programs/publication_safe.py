# SPDX-License-Identifier: MIT
# race: none
import queue
import threading


class Snapshot:
    def __init__(self, values):
        self.values = list(values)


snapshots = queue.SimpleQueue()


def watch():
    total = 0
    while (snapshot := snapshots.get()) is not None:
        total += sum(snapshot.values)
    print(total)


thread = threading.Thread(target=watch)
thread.start()
values = []
for value in range(4):
    values.append(value)
    snapshots.put(Snapshot(values))
snapshots.put(None)
thread.join()
