# SPDX-License-Identifier: MIT
# race: none
from multiprocessing.pool import ThreadPool


class Row:
    def __init__(self, number):
        self.number = number
        self.square = None


def square(row):
    row.square = row.number * row.number
    return row


rows = [Row(number) for number in range(6)]
with ThreadPool(2) as pool:
    print(sum([row.square for row in pool.map(square, rows)]))
    print(pool.apply_async(square, (Row(7),)).get().square)
    print(sum([row.square for row in pool.imap_unordered(square, rows)]))
