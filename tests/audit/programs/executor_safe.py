# SPDX-License-Identifier: MIT
# race: none
from concurrent.futures import ThreadPoolExecutor, as_completed, wait


class Sheet:
    def __init__(self, number):
        self.number = number
        self.total = 0


def add_up(sheet):
    sheet.total = sheet.number + 1
    return sheet


with ThreadPoolExecutor(2) as pool:
    futures = [pool.submit(add_up, Sheet(number)) for number in range(4)]
    print(sum([future.result().total for future in futures]))
    futures = [pool.submit(add_up, Sheet(number)) for number in range(4)]
    print(sum([future.result().total for future in as_completed(futures)]))
    sheets = [Sheet(number) for number in range(4)]
    wait([pool.submit(add_up, sheet) for sheet in sheets])
    print(sum([sheet.total for sheet in sheets]))
    print(sum([sheet.total for sheet in pool.map(add_up, sheets)]))
