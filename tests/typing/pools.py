# SPDX-License-Identifier: MIT
"""What type checkers make of pools and threads. Checked by mypy, run by tests/meta/test_typing.py."""

from concurrent.futures import Executor, Future, as_completed, wait
from contextlib import suppress
from typing import Any, assert_type

import owned


@owned.owned(slots=True)
class Account:
    """Goes to a task in a parcel."""

    balance: int

    def __init__(self, balance: int) -> None:
        self.balance = balance


def deposit(account: Account, amount: int) -> Account:
    """Change it and give it back."""
    account.balance += amount
    return account


def as_standard(executor: Executor) -> None:
    """Takes any."""


with owned.ThreadPoolExecutor(1, unguarded="wrap") as pool:
    as_standard(pool)
    future = pool.submit(deposit, owned.move(Account(1)), 2)
    standard: Future[Account] = future
    assert_type(future.result(), Account)
    assert_type(future.result(timeout=1.0).balance, int)
    assert_type(future.exception(), BaseException | None)
    assert_type(list(pool.map(str, [1, 2])), list[str])
    assert_type([done.result() for done in as_completed([future])], list[Account])
    wait([future])

thread = owned.Thread(target=deposit, args=(owned.move(Account(1)), 2), unguarded="raise")
thread.start()
assert_type(thread.result(), Any)
ended = owned.owner(future.result())
if ended is not None:
    assert_type(ended.ended_by, str | None)

with suppress(ValueError):
    owned.ThreadPoolExecutor(unguarded="ignore")  # type: ignore[arg-type]
