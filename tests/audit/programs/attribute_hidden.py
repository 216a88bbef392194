# SPDX-License-Identifier: MIT
# race: possible Account.balance
import os
import threading

first_is_done, tell = os.pipe()  # an order that is none of Python's


class Account:
    def __init__(self):
        self.balance = 0


account = Account()
lock = threading.Lock()


def first():
    account.balance += 1
    with lock:
        pass
    os.write(tell, b"x")


def second():
    os.read(first_is_done, 1)
    with lock:
        pass
    account.balance += 1


threads = [threading.Thread(target=first), threading.Thread(target=second)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(account.balance)
