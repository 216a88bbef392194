# SPDX-License-Identifier: MIT
"""One of several writers does not take the lock."""

from concurrent.futures import ThreadPoolExecutor

import owned

ERROR = "LockNotHeldError"


@owned.owned
class Account:
    def __init__(self, balance):
        self.balance = balance


def test_racy():
    """The bonus was added later, by somebody who did not know of the lock."""
    lock = owned.Lock()
    account = owned.share(Account(100), lock=lock)

    def deposit():
        with lock:
            account.balance += 10

    def add_bonus():
        account.balance += 1

    with ThreadPoolExecutor(2) as pool:
        pool.submit(deposit)
        pool.submit(add_bonus)


def test_right():
    """Every writer takes it."""
    account = owned.share(Account(100))

    def add(amount):
        with owned.locked(account):
            account.balance += amount

    with ThreadPoolExecutor(2) as pool:
        pool.submit(add, 10)
        pool.submit(add, 1)
    with owned.locked(account):
        assert account.balance == 111
