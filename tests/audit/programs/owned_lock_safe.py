# SPDX-License-Identifier: MIT
# race: none
import threading

import owned


class Account:
    def __init__(self):
        self.balance = 0
        self.history = []


account = Account()
lock = owned.Lock()
recursive = owned.RLock()


def pay():
    for _ in range(10):
        with lock:
            account.balance += 1
        with recursive, recursive:
            account.history.sort()


threads = [threading.Thread(target=pay) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(account.balance)
