"""An exchange: many brokers move money between the same accounts, and not a cent may be lost.

    python -m owned run docs/examples/exchange/right.py

Every account is shared under a lock of its own, so transfers between different accounts do not wait for each other. A
transfer needs both its accounts; both locks are taken in the order of the account numbers, so that no two brokers ever
wait for each other in a circle. An auditor adds up all accounts again and again while the brokers work. racy.py beside
this file is the same exchange, where the target of a transfer was forgotten.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event, Thread

from owned import Parcel, freeze, locked, move, owned, share


@owned
@dataclass
class Config:
    """The rules of a day: read by every thread, so frozen."""

    transfers: int
    largest: int


@owned
@dataclass
class Account:
    """Somebody's money, in cents."""

    balance: int
    transfers: int = 0

    def withdraw(self, amount: int) -> bool:
        if amount > self.balance:
            return False
        self.balance -= amount
        self.transfers += 1
        return True

    def deposit(self, amount: int) -> None:
        self.balance += amount
        self.transfers += 1


@owned
@dataclass
class Day:
    """What one broker did: private while it works, handed over in the evening."""

    done: int = 0
    refused: int = 0
    failed: int = 0


Accounts = Sequence[Account]


def transfer(accounts: Accounts, source: int, target: int, amount: int) -> bool:
    """Move money from one account to another; False where there is not enough."""
    first, second = sorted((source, target))
    with locked(accounts[first]), locked(accounts[second]):
        if not accounts[source].withdraw(amount):
            return False
        accounts[target].deposit(amount)
        return True


def total(accounts: Accounts) -> int:
    """All the money there is, at one moment: under all the locks at once, in the same order."""
    with ExitStack() as held:
        for account in accounts:
            held.enter_context(locked(account))
        return sum(account.balance for account in accounts)


def broker(config: Config, accounts: Accounts, seed: int, evening: SimpleQueue[Parcel[Day]]) -> None:
    day = Day()
    dice = random.Random(seed)
    for _ in range(config.transfers):
        source, target = dice.sample(range(len(accounts)), 2)
        try:
            if transfer(accounts, source, target, dice.randint(1, config.largest)):
                day.done += 1
            else:
                day.refused += 1
        except Exception:  # one failed transfer must not close the exchange
            day.failed += 1
    evening.put(move(day))


def auditor(accounts: Accounts, expected: int, closed: Event, audits: SimpleQueue[bool]) -> None:
    while not closed.is_set():
        audits.put(total(accounts) == expected)
        time.sleep(0.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accounts", type=int, default=20, help="how many there are (%(default)s)")
    parser.add_argument("--brokers", type=int, default=8, help="threads that transfer (%(default)s)")
    parser.add_argument("--transfers", type=int, default=20_000, help="by each broker (%(default)s)")
    parser.add_argument("--balance", type=int, default=10_000, help="of each account, at first (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which day (%(default)s)")
    options = parser.parse_args()

    config = freeze(Config(options.transfers, largest=options.balance // 2))
    accounts = tuple(share(Account(options.balance)) for _ in range(options.accounts))
    before = total(accounts)
    evening: SimpleQueue[Parcel[Day]] = SimpleQueue()
    audits: SimpleQueue[bool] = SimpleQueue()
    closed = Event()
    control = Thread(target=auditor, args=(accounts, before, closed, audits), name="auditor")
    brokers = [
        Thread(target=broker, args=(config, accounts, options.seed + n, evening), name=f"broker-{n}")
        for n in range(options.brokers)
    ]

    started = time.perf_counter()
    for thread in (control, *brokers):
        thread.start()
    days = [evening.get(timeout=60).claim() for _ in brokers]
    closed.set()
    control.join()
    seconds = time.perf_counter() - started

    done, refused, failed = (sum(getattr(day, what) for day in days) for what in ("done", "refused", "failed"))
    results = [audits.get() for _ in range(audits.qsize())]
    after = total(accounts)
    print(f"{done} transfers, {refused} refused, {failed} failed, in {seconds:.2f} s")
    print(f"{before} cents in the morning, {after} in the evening; {sum(results)} of {len(results)} audits agree")
    if after != before or not all(results):
        sys.exit("money was made or lost")


if __name__ == "__main__":
    main()
