# SPDX-License-Identifier: MIT
# race: certain Shared.calls
import threading


class Shared:
    def __init__(self):
        self.calls = 0


mine = threading.local()
shared = Shared()


def work():
    mine.stats = shared  # each thread's own, but for what it refers to
    mine.stats.calls += 1


threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
