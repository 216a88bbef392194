# SPDX-License-Identifier: MIT
"""Documents for the HTML report: real violations on real threads, and holds of locks as many as wanted."""

from __future__ import annotations

import io
import threading
from typing import Any

from owned import OwnershipError, RLock, owned, share
from owned._report_data import Collector, Document
from owned._report_page import write_page


@owned
class Account:
    def __init__(self, balance: int = 0) -> None:
        self.balance = balance


def deposit(account: Account, times: int = 1) -> None:
    """Violate so often, and swallow it."""
    for _ in range(times):
        try:
            account.balance = 1
        except OwnershipError:
            pass


def look(account: Account) -> None:
    """Violate in another way."""
    try:
        account.balance
    except OwnershipError:
        pass


def on_thread(name: str, *call: Any) -> None:
    """Call on a thread of that name, to its end."""
    thread = threading.Thread(target=call[0], args=call[1:], name=name)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()


def racy(title: str = "pytest tests", process: str | None = None, test: str = "test_bank.py::test_deposit") -> Document:
    """A run with one test: a private account that two threads write, and a shared one, read without its lock."""
    with Collector(title, process=process) as collector:
        collector.test_began(test)
        private, shared = Account(), share(Account(), lock=RLock())
        on_thread("teller-1", deposit, private, 3)
        on_thread("teller-2", deposit, private)
        on_thread("teller-1", look, shared)
        collector.test_ended(test)
        return collector.document()


def add_holds(document: Document, count: int, locks: int = 4, threads: int = 3) -> Document:
    """The same with so many holds, one after the other on each lock, spread over the run."""
    process = document["processes"][0]
    name, first, last = process["process"], process["first_ns"], process["last_ns"]
    step = max((last - first) // (count // locks + 1), 10)
    holds = []
    for number in range(count):
        start = first + number // locks * step
        holds.append((number % locks, 1000 + number % threads, start, start + step * (1 + number % 7) // 10))
    document["holds"] = [
        {"lock": lock, "thread": thread, "start_ns": start, "end_ns": end, "process": name}
        for lock, thread, start, end in holds
    ]
    document["locks"] = [
        {"id": lock, "name": f"RLock {lock}", "acquisitions": count // locks, "process": name} for lock in range(locks)
    ]
    document["threads"] += [
        {"id": 1000 + thread, "name": f"holder-{thread}", "finished": True, "process": name}
        for thread in range(threads)
    ]
    return document


def page(document: Document) -> str:
    """The page of a document."""
    file = io.StringIO()
    write_page(file, document)
    return file.getvalue()
