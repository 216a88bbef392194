# SPDX-License-Identifier: MIT
# race: certain Sheet.title
from concurrent.futures import ThreadPoolExecutor


class Sheet:
    def __init__(self):
        self.title = "old"


def show(sheet):
    return sheet.title


sheet = Sheet()
with ThreadPoolExecutor(1) as pool:
    future = pool.submit(show, sheet)
    sheet.title = "new"
    print(future.result() in ("old", "new"))
