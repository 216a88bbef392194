"""What type checkers make of the verbs. Checked by mypy, run by tests/meta/test_typing.py."""

import threading
from dataclasses import dataclass
from typing import Any, assert_type

import owned


@owned.owned
@dataclass
class Account:
    """A decorated class stays the class it was."""

    balance: int

    def deposit(self, amount: int) -> int:
        self.balance += amount
        return self.balance


@owned.owned(slots=True)
class Point:
    """With options, too."""

    x: int

    def __init__(self, x: int) -> None:
        self.x = x


class Savings(Account):
    """A subclass needs no decorator."""


account = Account(10)
assert_type(account, Account)
assert_type(account.deposit(5), int)
assert_type(Point(1).x, int)
account.balance = "ten"  # type: ignore[assignment]
account.balance = 15
Account("x", 1) if threading.active_count() < 0 else None  # type: ignore[call-arg, arg-type]

lock = owned.Lock()
assert_type(owned.share(account, lock=lock), Account)
assert_type(owned.share(Savings(1)), Savings)
with lock as taken:
    assert_type(taken, bool)
assert_type(lock.acquire(timeout=1), bool)
assert_type(lock.locked(), bool)
lock.release()
with owned.locked(account) as mine:
    assert_type(mine, Account)
assert_type(owned.RLock().protect(Point(2)), Point)

parcel = owned.move(Account(1))
assert_type(parcel, owned.Parcel[Account])
assert_type(parcel.claim(), Account)
assert_type(owned.move(Point(1), to=threading.current_thread()).claim(), Point)
assert_type(owned.adopt(Point(1)), Point)

with owned.Region() as region:
    inside = Account(0)
assert_type(region, owned.Region)
assert_type(owned.share(region), owned.Region)

with owned.unchecked():
    inside.deposit(1)

assert_type(owned.state(inside), owned.State)
assert_type(owned.owner(inside), owned.ThreadInfo | None)
assert_type(owned.lock_of(inside), Any)
assert_type(owned.explain(inside), str)
assert_type(owned.is_frozen(3), bool)

wrapped = owned.own({"tea": 2})
assert_type(wrapped, dict[str, int])
assert_type(owned.unwrap(wrapped), dict[str, int])
