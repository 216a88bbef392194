# SPDX-License-Identifier: MIT
# race: none
import threading


class Sum:
    def __init__(self):
        self.parts = [0, 0]
        self.total = None

    def add_up(self):
        self.total = self.parts[0] + self.parts[1]


sums = Sum()
met = threading.Barrier(2, action=sums.add_up)


def work(me):
    sums.parts[me] = me + 1
    met.wait()
    assert sums.total == 3


threads = [threading.Thread(target=work, args=(me,)) for me in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
