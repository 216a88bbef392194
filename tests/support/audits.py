# SPDX-License-Identifier: MIT
"""Findings of an audit, made by hand: a small bank with a race of each sort."""

from __future__ import annotations

import time
from pathlib import Path

import attrs

from owned._audit import _gather
from owned._audit._findings import (
    Access,
    Certainty,
    Exposure,
    Findings,
    Kind,
    Lock,
    Place,
    Race,
    Thread,
    Variable,
)
from owned._audit._report import Report

BANK = """\
import threading

total = 0
rates = {"day": 1}
lock = threading.Lock()
audit_lock = threading.Lock()


class Account:
    def __init__(self, owner):
        self.owner = owner
        self.balance = 0

    def deposit(self, amount):
        self.balance += amount

    def safe_deposit(self, amount):
        with lock:
            self.balance += amount


class Rate:
    def __init__(self, value):
        self.value = value


def count():
    global total
    total += 1


def rate(name):
    if name not in rates:
        rates[name] = len(rates)
    return rates[name]


def work(account):
    account.deposit(10)
    account.safe_deposit(20)
    count()
    rate("night")


def main():
    account = Account("ada")
    threads = [threading.Thread(target=work, args=(account,), name=f"teller-{n}") for n in (1, 2)]
    for thread in threads:
        thread.start()
    print(account.balance)
    for thread in threads:
        thread.join()


main()
"""
"""A program with a race of each sort; the lines are those of the findings below."""

ACCOUNT = Variable(Kind.ATTRIBUTE, "bank.Account", "balance")
TOTAL = Variable(Kind.GLOBAL, "bank", "total")
RATES = Variable(Kind.ITEM, "dict", "'night'")


def line_of(text: str, source: str = BANK) -> int:
    """The number of the line that has this text."""
    return next(number for number, line in enumerate(source.splitlines(), 1) if text in line)


class Bank:
    """The program as a file, and what an audit might say of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "bank.py"
        self.file.write_text(BANK, encoding="utf-8")

    def place(self, text: str, function: str, expression: str = "") -> Place:
        """The line with this text, or the expression in it."""
        number = line_of(text)
        column = BANK.splitlines()[number - 1].index(expression or text)
        return Place(str(self.file), number, function, number, column, column + len(expression or text))

    def access(self, kind: str, operation: str, thread: int, *stack: Place, locks: tuple[int, ...] = ()) -> Access:
        """An access from there, by way of work() and the threading module."""
        callers = (self.place("account.deposit(10)", "work"), Place(THREADING, 1010, "Thread.run"))
        return Access(kind, operation, thread, (*stack, *callers), locks)

    def races(self) -> tuple[Race, ...]:
        """Three certain ones and a possible one."""
        deposit = self.place("self.balance += amount", "Account.deposit", "self.balance")
        safe = attrs.evolve(
            deposit, line=line_of("with lock:") + 1, end_line=line_of("with lock:") + 1, function="Account.safe_deposit"
        )
        count = self.place("total += 1", "count", "total")
        look, make = self.place("name not in rates", "rate"), self.place("rates[name] =", "rate", "rates[name]")
        show = self.place("print(account.balance)", "main", "account.balance")
        made = (self.place('Account("ada")', "main"),)
        return (
            Race(
                Certainty.CERTAIN,
                ACCOUNT,
                self.access("update", ".balance +=", 3, safe, locks=(1,)),
                self.access("update", ".balance +=", 2, deposit),
                made=made,
                maker="MainThread",
                count=2000,
            ),
            Race(
                Certainty.CERTAIN,
                TOTAL,
                self.access("update", "global", 2, count),
                self.access("update", "global", 3, count),
            ),
            Race(
                Certainty.CERTAIN,
                RATES,
                self.access("write", "[] =", 2, make),
                self.access("read", "in", 3, look),
            ),
            Race(
                Certainty.POSSIBLE,
                ACCOUNT,
                self.access("update", ".balance +=", 2, deposit),
                Access("read", ".balance", 1, (show,)),
                made=made,
                maker="MainThread",
            ),
        )

    def findings(self) -> Findings:
        """All of it, with a map of exposure."""
        rate = Variable(Kind.ATTRIBUTE, "bank.Rate", "value")
        owner = Variable(Kind.ATTRIBUTE, "bank.Account", "owner")
        closure = Variable(Kind.CLOSURE, "bank.main", "done")
        made = (self.place("rates = {", "<module>"),)
        known = Findings(
            threads=(Thread(1, "MainThread"), Thread(2, "teller-1"), Thread(3, "teller-2")),
            locks=(
                Lock(1, "Lock", "", (self.place("lock = threading", "<module>"),), 4000, (2, 3), 1),
                Lock(2, "Lock", "", (self.place("audit_lock = threading", "<module>"),), 12, (2, 3), 0),
            ),
            exposures=(
                Exposure(ACCOUNT, (), 1, 1, (1, 2, 3), 4000, 4000, 1, (), ("lock", "nothing", "start"), 1, 1),
                Exposure(owner, (), 1, 0, (1,), 0, 0, 1),
                Exposure(TOTAL, (), 1, 1, (2, 3), 2000, 2000, 0, (), ("nothing", "start"), 1, 0),
                Exposure(rate, (), 8, 8, (1, 2, 3), 90, 0, 8, (), ("nothing", "start")),
                Exposure(closure, (), 1, 1, (2, 3), 20, 10, 0, (1,), ("lock",)),
                Exposure(Variable(Kind.CONTAINER, "dict", ""), made, 1, 1, (2, 3), 8, 2, 1, (), ("nothing",), 1, 0),
                Exposure(Variable(Kind.CONTAINER, "list", ""), made, 2, 2, (1, 2), 8, 2, 1, (), ("queue",)),
            ),
        )
        return _gather.complete(self.races(), known)

    def report(self, findings: Findings | None = None) -> Report:
        """A report of these findings, or of others."""
        return Report(
            "python -m owned audit bank.py", findings or self.findings(), str(self.folder), time.time() - 2, 1.5
        )


THREADING = __import__("threading").__file__ or ""
