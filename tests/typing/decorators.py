# SPDX-License-Identifier: MIT
"""What type checkers make of the decorators. Checked by mypy, run by tests/meta/test_typing.py."""

import threading
from collections.abc import Iterator
from typing import assert_type

import owned

lock = owned.RLock()


@owned.owned
class Account:
    """Each decorator leaves the signature as it is."""

    balance: int = owned.guarded_by("_lock")

    def __init__(self) -> None:
        self._lock = owned.RLock()
        self.balance = 0

    @owned.synchronized
    def deposit(self, amount: int) -> int:
        with self._lock:
            self.balance += amount
            return self.balance

    @owned.synchronized(lock)
    def under_lock(self, times: int) -> str:
        return "a" * times

    @owned.synchronized("_lock")
    def under_own(self) -> int:
        return self.helper()

    @owned.requires("_lock")
    def helper(self) -> int:
        return self.balance

    @owned.reads
    def total(self, *, plus: int = 0) -> int:
        with self._lock:
            return self.balance + plus

    @owned.synchronized
    def each(self) -> Iterator[int]:
        yield 1

    @property
    @owned.synchronized
    def worth(self) -> float:
        return 1.0


account = Account()
assert_type(account, Account)
assert_type(account.deposit(2), int)
assert_type(account.under_lock(2), str)
assert_type(account.under_own(), int)
assert_type(account.total(plus=1), int)
assert_type(account.worth, float)
for one in account.each():
    assert_type(one, int)
if threading.active_count() < 0:
    account.deposit("two")  # type: ignore[arg-type]
    account.under_lock()  # type: ignore[call-arg]
    account.total(1)  # type: ignore[call-arg]

owned.own_class("package_that_nobody_has.module:Class", slots=True)


@owned.owned(monitor=True)
class Jar:
    """A monitor is the class it was."""

    def __init__(self, size: int) -> None:
        self.size = size

    def get(self) -> int:
        return self.size


assert_type(Jar(3), Jar)
assert_type(Jar(3).get(), int)
