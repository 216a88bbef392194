# SPDX-License-Identifier: MIT
# race: certain Sheet.total
import threading
from concurrent.futures import ThreadPoolExecutor

both = threading.Barrier(2)


class Sheet:
    def __init__(self):
        self.total = 0


def add(sheet):
    both.wait()
    sheet.total += 1


sheet = Sheet()
with ThreadPoolExecutor(2) as pool:
    for _ in range(2):
        pool.submit(add, sheet)
print(sheet.total)
