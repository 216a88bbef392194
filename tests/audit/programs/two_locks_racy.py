# SPDX-License-Identifier: MIT
# race: certain Account.balance
import threading


class Account:
    def __init__(self):
        self.balance = 10


account = Account()


def pay(lock):
    with lock:
        account.balance -= 1


threads = [threading.Thread(target=pay, args=(threading.Lock(),)) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(account.balance)
