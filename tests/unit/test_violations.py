# SPDX-License-Identifier: MIT
"""violations(): what strict mode keeps."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest

import owned
from owned import _recorded


@owned.owned
class Account:
    def __init__(self) -> None:
        self.balance = 1


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_recorded, "_recorded", deque(maxlen=3))


def swallow(account: Account) -> None:
    try:
        account.balance
    except BaseException:
        pass


def test_swallowed_on_another_thread() -> None:
    """A pool whose result nobody asks for, and a bare except: both are there, as data."""
    account = Account()
    with owned.strict(), ThreadPoolExecutor(1, "pool") as pool:
        pool.submit(lambda: account.balance)
        pool.submit(swallow, account)
    first, second = owned.violations()
    assert first.error == second.error == "WrongThreadError"
    assert first.touch == "read Account.balance"
    assert (first.function.rpartition(".")[2], second.function) == ("<lambda>", "swallow")


def test_other_modes_only_count() -> None:
    """What happens in mode checked is not kept."""
    account = Account()
    before = owned.stats().violations
    with owned.checked(), ThreadPoolExecutor(1) as pool:
        pool.submit(swallow, account)
    assert owned.violations() == ()
    assert owned.stats().violations == before + 1


def test_let_pass_by_a_policy() -> None:
    """The policy decides about the exception, not about the record."""
    account = Account()
    with owned.configure(mode="strict", policy="warn"), ThreadPoolExecutor(1) as pool:
        pool.submit(swallow, account).result()
    assert len(owned.violations()) == 1


def test_bounded() -> None:
    """Of too many the oldest are dropped, and what was given out stays as it is."""
    account = Account()
    with owned.strict(), ThreadPoolExecutor(1) as pool:
        pool.submit(swallow, account)
        pool.submit(swallow, account).result()
        given = owned.violations()
        for _ in range(4):
            pool.submit(swallow, account)
    assert len(given) == 2
    assert len(owned.violations()) == 3
