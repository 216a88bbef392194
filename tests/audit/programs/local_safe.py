# SPDX-License-Identifier: MIT
# race: none
import threading


class Mine(threading.local):
    def __init__(self):
        self.calls = 0
        self.names = []


mine = Mine()


def work():
    for _ in range(5):
        mine.calls += 1
        mine.names.append("x")
    assert mine.calls == len(mine.names) == 5


threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(mine.calls)
