# SPDX-License-Identifier: MIT
# race: possible Account.balance
import os
import threading

import owned


class Account:
    def __init__(self):
        self.balance = 0


account = Account()
lock = owned.Lock()
paid, tell = os.pipe()


def pay():
    account.balance += 1
    with lock:
        os.write(tell, b"x")


thread = threading.Thread(target=pay)
thread.start()
os.read(paid, 1)
with lock:
    pass
print(account.balance)
thread.join()
