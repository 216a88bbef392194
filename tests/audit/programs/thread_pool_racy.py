# SPDX-License-Identifier: MIT
# race: certain Row.seen
import threading
from multiprocessing.pool import ThreadPool

both = threading.Barrier(2)


class Row:
    def __init__(self):
        self.seen = 0


def see(row):
    both.wait()
    row.seen += 1


row = Row()
with ThreadPool(2) as pool:
    pool.map(see, [row, row], chunksize=1)
