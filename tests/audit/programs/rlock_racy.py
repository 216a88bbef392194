# SPDX-License-Identifier: MIT
# race: certain Account.balance
import threading


class Account:
    def __init__(self):
        self.lock = threading.RLock()
        self.balance = 0

    def add(self):
        with self.lock:
            with self.lock:
                pass
        self.balance += 1


account = Account()
start = threading.Barrier(2)


def use():
    start.wait()
    account.add()
    start.wait()
    account.add()


threads = [threading.Thread(target=use) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
