# SPDX-License-Identifier: MIT
"""What ``python -m owned run`` tells about violations: each site as it happens, a summary, JSON for tools.

The document of ``--json`` (every key is always there):

    format        1; raised when a key changes its meaning
    owned         version of this package
    python        version of the interpreter, "3.13.1 free-threading build" and the like
    program       {"name": as given, "arguments": [...], "is_module": bool}
    exit_status   of the process as its parent sees it, negative for a signal
    total         how many violations there were
    violations    a list in order of first appearance; one entry per site and kind:

        file, line, function     where the guarded object was touched
        stack                    the calls that led there, innermost first: [{file, line, function}, ...]
        source                   that line of code, or null
        count                    how often
        threads                  names of the threads that did it, sorted
        error                    "WrongThreadError" and so on
        message                  the first exception's text
        type_name, address       of the object
        access, name, touch      how it was touched: "write", "balance", in words: "write Account.balance"
        state                    of the object: "private", "shared", "frozen", "in transit", "orphaned"
        owner, owner_id          thread it belonged to, or null
        toucher, toucher_id      thread that touched it first
        lock                     its lock, or null
        advice                   the way out
        record                   the call that brought the state: {verb, file, line, function, thread, root_type, count,
                                 stack} or null
        life, owner_stack        what strict mode knows besides: a list of records, a stack
"""

from __future__ import annotations

import json
import linecache
import os
import sys
import threading
import traceback
from collections import deque
from contextlib import AbstractContextManager
from types import FrameType
from typing import IO

import attrs

from owned._children import Ledger
from owned._records import Violation
from owned._screen import Screen
from owned._violations import observe
from owned.errors import OwnershipError

_CONTEXT_LINES = 2
_LABEL_WIDTH = 10
_THREADS_REMEMBERED = 1000
"""Names of threads kept per site: a server may start one thread per request."""


@attrs.define
class Mistake:
    """One mistake of the program: where, what, and how often."""

    facts: Violation
    number: int
    count: int = 0
    threads: set[str] = attrs.field(factory=set)

    def see(self, thread: str) -> None:
        """Count one more."""
        self.count += 1
        if len(self.threads) < _THREADS_REMEMBERED:
            self.threads.add(thread)


class Report:
    """Collects violations from all threads and prints them.

    A violation may happen anywhere: under any lock of the program, in a destructor in the middle of this code, in a
    signal handler. So `see` never waits: it puts the facts in a queue, and whichever thread finds nobody at work prints
    what is there.
    """

    def __init__(self, screen: Screen, ledger: Ledger | None, *, is_child: bool = False) -> None:
        self._screen = screen
        self._ledger = ledger
        self._is_child = is_child
        self._folder = os.path.join(os.getcwd(), "")
        self._sites: dict[tuple[object, ...], Mistake] = {}
        self._waiting: deque[Violation] = deque()
        self._at_work = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_in_child)

    def _begin_in_child(self) -> None:
        self._is_child = True
        self._sites = {}
        self._waiting = deque()
        self._at_work = threading.Lock()

    def see(self, violation: OwnershipError) -> None:
        """Take in a violation; for `owned._violations.observe`.

        Args:
            violation: As it was just made.

        Threads:
            Any; on the thread of the violation. Does not wait and does not raise.
        """
        try:
            facts = violation.violation or Violation.of(violation)
            self._remember_source(facts)
            self._waiting.append(facts)
            self._work()
        except Exception:
            self._screen.write("owned: a violation could not be reported\n" + traceback.format_exc())

    def _work(self) -> None:
        while self._waiting and self._at_work.acquire(blocking=False):
            try:
                while self._waiting:
                    self._count(self._waiting.popleft())
            finally:
                self._at_work.release()

    def _remember_source(self, facts: Violation) -> None:
        """Let linecache find the source of code that is in no file of its own, in a zip for example."""
        if facts.key in self._sites or facts.file in linecache.cache:
            return
        frame: FrameType | None = sys._getframe()
        while frame is not None and frame.f_code.co_filename != facts.file:
            frame = frame.f_back
        if frame is not None:
            linecache.lazycache(facts.file, frame.f_globals)

    def _count(self, facts: Violation) -> None:
        site = self._sites.setdefault(facts.key, Mistake(facts, len(self._sites)))
        site.see(facts.toucher)
        if site.count == 1:
            self._screen.write(self._story(facts))
        elif site.count >= 10 and str(site.count).rstrip("0") == "1":
            times = self._screen.paint(f"{site.count:,} times", "bad")
            self._screen.write(f"{self._prefix()} {times} at {self._place(facts)}\n")
        if self._is_child and self._ledger is not None:
            self._ledger.append(site.number, facts.toucher, facts.to_dict() if site.count == 1 else None)

    # ---- texts -------------------------------------------------------------------------------------------------------

    def _prefix(self) -> str:
        process = f" (process {os.getpid()})" if self._is_child else ""
        return self._screen.paint(f"owned{process}:", "title")

    def _place(self, facts: Violation) -> str:
        return self._screen.paint(f"{self._short(facts.file)}:{facts.line}", "site") + f" in {facts.function}"

    def _short(self, file: str) -> str:
        return file.removeprefix(self._folder)

    def _story(self, facts: Violation) -> str:
        """A violation in full: where, what, who, whose, the way out."""
        paint = self._screen.paint
        lines = [f"{self._prefix()} {paint(facts.error, 'bad')} at {self._place(facts)}", *self._excerpt(facts)]
        for label, text in (
            ("what", facts.headline),
            ("who", f"thread {facts.toucher!r}"),
            ("whose", whose_words(facts)),
            ("since", self._since(facts)),
            ("way out", facts.advice),
        ):
            if text:
                body = self._screen.wrap(text, 2 + _LABEL_WIDTH) if self._screen.is_terminal else text
                lines.append(f"  {paint(label.ljust(_LABEL_WIDTH), 'dim')}{body}")
        return "\n".join(lines) + "\n"

    def _excerpt(self, facts: Violation) -> list[str]:
        """The line of the touch, and on a terminal the lines around it."""
        around = _CONTEXT_LINES if self._screen.is_terminal else 0
        bar = "│" if self._screen.can_draw else "|"
        excerpt = []
        for number in range(max(facts.line - around, 1), facts.line + around + 1):
            text = linecache.getline(facts.file, number).rstrip()
            if number == facts.line and text:
                sign = self._screen.paint(">", "bad")
                excerpt.append(f"  {sign} {number:>5} {bar} {self._screen.paint(text, 'title')}")
            elif number == facts.line:
                return []
            else:
                excerpt.append(self._screen.paint(f"    {number:>5} {bar} {text}", "dim"))
        return excerpt

    def _since(self, facts: Violation) -> str:
        record = facts.record
        if record is None:
            return ""
        return (
            f"{record.verb}({record.root_type}) at {self._short(record.file)}:{record.line} in {record.function}, "
            f"thread {record.thread!r}"
        )

    # ---- the end -----------------------------------------------------------------------------------------------------

    def close(self, *, quiet: bool) -> int:
        """Print the summary.

        Args:
            quiet: Whether to print nothing if there was no violation.

        Returns:
            How many violations there were.
        """
        self._work()
        with self._at_work:
            if self._ledger is not None and not self._is_child:
                self._add_children(self._ledger)
            sites = [attrs.evolve(site, threads=set(site.threads)) for site in self._sites.values()]
        total = sum(site.count for site in sites)
        if sites or not quiet or _nothing_is_checked():
            self._screen.write(self._summary(sites, total))
        self._closing = sites
        return total

    def _add_children(self, ledger: Ledger) -> None:
        for thread, entry in ledger.entries():
            facts = Violation.from_dict(entry)
            self._sites.setdefault(facts.key, Mistake(facts, len(self._sites))).see(thread)
        ledger.remove()

    def _summary(self, sites: list[Mistake], total: int) -> str:
        paint = self._screen.paint
        if not sites:
            if _nothing_is_checked():
                return f"{self._prefix()} {paint('nothing was checked', 'bad')}: the mode is off\n"
            return f"{self._prefix()} {paint('no violations', 'good')}\n"
        different = len({(site.facts.file, site.facts.line, site.facts.function) for site in sites})
        headline = f"{_number(total, 'violation')} at {_number(different, 'site')}"
        lines = [f"{self._prefix()} {paint(headline, 'bad')}"]
        counts = [f"{site.count:,}" for site in sites]
        places = [f"{self._short(site.facts.file)}:{site.facts.line}" for site in sites]
        count_width, place_width = max(map(len, counts)), max(map(len, places))
        for site, count, place in zip(sites, counts, places, strict=True):
            who = f"thread {site.facts.toucher!r}" if len(site.threads) == 1 else _number(len(site.threads), "thread")
            lines.append(
                f"  {paint(count.rjust(count_width), 'bad')}  {paint(place.ljust(place_width), 'site')}  "
                f"{site.facts.error}: {site.facts.headline}, {who}"
            )
        return "\n".join(lines) + "\n"

    def write_json(self, file: IO[str], name: str, arguments: list[str], is_module: bool, exit_status: int) -> None:
        """Write the document described at the top of this module.

        Args:
            file: Where to.
            name: The program, as given.
            arguments: The program's arguments.
            is_module: Whether the program was named with ``-m``.
            exit_status: As the parent process sees it.
        """
        from importlib import metadata  # only now: it imports much that the program might shadow

        sites = self._closing
        document = {
            "format": 1,
            "owned": metadata.version("owned"),
            "python": sys.version.partition(" (")[0],
            "program": {"name": name, "arguments": arguments, "is_module": is_module},
            "exit_status": exit_status,
            "total": sum(site.count for site in sites),
            "violations": [
                site.facts.to_dict()
                | {
                    "source": linecache.getline(site.facts.file, site.facts.line).strip() or None,
                    "count": site.count,
                    "threads": sorted(site.threads),
                }
                for site in sites
            ],
        }
        json.dump(document, file, indent=2)
        file.write("\n")


def whose_words(facts: Violation) -> str:
    """Whose the object is that was touched, in a few words."""
    if facts.state == "private":
        return f"private to thread {facts.owner!r}"
    if facts.state == "shared":
        return f"shared under {facts.lock}" + (f", which thread {facts.owner!r} holds" if facts.owner else "")
    if facts.state == "frozen":
        return "frozen: everybody may read it, nobody may write it"
    if facts.state == "in transit":
        return "moved away and not claimed yet: nobody's"
    if facts.state == "orphaned":
        return f"left behind by thread {facts.owner!r}, which has finished"
    return ""


def _nothing_is_checked() -> bool:
    from owned import _modes

    return _modes.mode() is _modes.Mode.OFF


_following: list[AbstractContextManager[None]] = []


def follow() -> None:
    """Tell the violations of this process to the ``run`` that it is a child of, if there is one."""
    ledger = Ledger.of_parent()
    if ledger is not None:
        following = observe(Report(Screen.on_stderr(), ledger, is_child=True).see)
        following.__enter__()
        _following.append(following)


def stop_following() -> None:
    """This process is about to make a report of its own."""
    while _following:
        _following.pop().__exit__(None, None, None)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
