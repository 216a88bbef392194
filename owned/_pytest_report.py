# SPDX-License-Identifier: MIT
"""What the pytest plugin tells: the violations of a test in its report, those of the session at its end."""

from __future__ import annotations

import linecache
import os
import threading
from collections.abc import Iterable
from itertools import takewhile
from pathlib import PurePath
from typing import Any, Protocol

import attrs

from owned._records import Record, Site, Violation
from owned._report import whose_words

_SHOWN = 5
"""How many different violations are told in full."""

_NAMES_SHOWN = 3


class Writer(Protocol):
    """As much of pytest's TerminalWriter as is needed here."""

    def line(self, s: str = "", **markup: bool) -> None:
        """Write a line."""


@attrs.define
class Group:
    """Violations that are one and the same mistake.

    Attributes:
        violation: the first of them.
        count: how many there were.
        threads: the names of the threads that did it.
        starters: the tests that started those threads, if they are others than those in which it happened.
        tests: the tests in which it happened.
    """

    violation: Violation
    count: int = 0
    threads: list[str] = attrs.field(factory=list)
    starters: list[str] = attrs.field(factory=list)
    tests: list[str] = attrs.field(factory=list)

    def add(self, count: int, threads: Iterable[str], starters: Iterable[str], tests: Iterable[str]) -> None:
        """Count more of them."""
        self.count += count
        for names, more in ((self.threads, threads), (self.starters, starters), (self.tests, tests)):
            names += [name for name in dict.fromkeys(more) if name not in names]

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for the way from a worker process to the session."""
        return attrs.asdict(self, recurse=False) | {"violation": self.violation.to_dict()}

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> Group:
        """What ``to_dict`` made."""
        return cls(**facts | {"violation": Violation.from_dict(facts["violation"])})


class Groups:
    """Violations, those of one mistake together, in order of first appearance."""

    def __init__(self, groups: Iterable[Group] = ()) -> None:
        self._groups: dict[tuple[object, ...], Group] = {}
        for group in groups:
            self.merge(group)

    def __bool__(self) -> bool:
        return bool(self._groups)

    def add(self, violation: Violation, starter: str | None, test: str | None) -> None:
        """Add one."""
        group = self._groups.setdefault(violation.key, Group(violation))
        group.add(1, [violation.toucher], [] if starter in (None, test) else [starter or ""], [test] if test else [])

    def merge(self, other: Group) -> None:
        """Add those of another group."""
        group = self._groups.setdefault(other.violation.key, Group(other.violation))
        group.add(other.count, other.threads, other.starters, other.tests)

    def to_list(self) -> list[Group]:
        """The groups."""
        return list(self._groups.values())

    @property
    def total(self) -> int:
        """How many violations there are in all of them."""
        return sum(group.count for group in self._groups.values())


@attrs.frozen
class Crash:
    """Where and what in one line, for pytest's short summary."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:
        """As ``--tb=line`` prints it."""
        return f"{self.path}:{self.lineno}: {self.message}"


class Story:
    """A test's violations as pytest's ``longrepr``, with pytest's own text after them.

    Args:
        groups: the violations; at least one.
        more: how many more there were than could be kept.
        rest: what pytest has to tell besides, or None.
    """

    def __init__(self, groups: Groups, more: int, rest: Any) -> None:
        first = groups.to_list()[0]
        facts = first.violation
        self._blocks = tell(groups)
        if more:
            self._blocks.append([("and more", f"{number(more, 'violation')} beyond those that are kept")])
        self._rest = rest
        self.reprcrash = Crash(facts.file, facts.line, _headline(first))

    def toterminal(self, tw: Writer) -> None:
        """Write it, in colours."""
        write_blocks(tw, self._blocks)
        if self._rest is None:
            return
        tw.line("")
        tw.line("and the test itself:", bold=True)
        tw.line("")
        if hasattr(self._rest, "toterminal"):
            self._rest.toterminal(tw)
        else:
            tw.line(str(self._rest))

    def __str__(self) -> str:
        """As plain text: this is what a worker process of pytest-xdist sends."""
        lines = plain(self._blocks)
        if self._rest is not None:
            lines += ["", "and the test itself:", "", str(self._rest)]
        return "\n".join(lines)


Line = tuple[str, str]
"""A label and a text; with an empty label the text is a line of a stack."""


def tell(groups: Groups, *, with_tests: bool = False) -> list[list[Line]]:
    """Violations in full, the first few of them.

    Args:
        groups: the violations.
        with_tests: whether to name the tests in which they happened.
    """
    found = groups.to_list()
    blocks = [_block(group, with_tests) for group in found[:_SHOWN]]
    left = found[_SHOWN:]
    if left:
        blocks.append(
            [("and more", f"{number(sum(group.count for group in left), 'violation')} of {len(left)} other kinds")]
        )
    return blocks


def write_blocks(tw: Writer, blocks: list[list[Line]]) -> None:
    """Write what `tell` told."""
    for number, block in enumerate(blocks):
        if number:
            tw.line("")
        for index, (label, text) in enumerate(block):
            if index == 0:
                tw.line(_plain(label, text), red=True, bold=True)
            else:
                tw.line(_plain(label, text), red=not label and text.startswith("    "))


def plain(blocks: list[list[Line]]) -> list[str]:
    """The lines of what `tell` told, without colours."""
    return [_plain(label, text) for block in blocks for label, text in block]


def summary(groups: Groups) -> list[str]:
    """A line for each mistake, and below it the tests in which it happened."""
    found = groups.to_list()
    places = [f"{_short(group.violation.file)}:{group.violation.line}" for group in found]
    width = max(map(len, places))
    lines = []
    for group, place in zip(found, places, strict=True):
        facts = group.violation
        who = f"thread {facts.toucher!r}" if len(group.threads) == 1 else f"{len(group.threads)} threads"
        lines.append(f"{group.count:>5,}  {place.ljust(width)}  {facts.error}: {facts.headline}, {who}")
        if group.tests:
            lines.append(f"         in {_some(group.tests)}")
        if group.starters:
            lines.append(f"         on a thread that {_some(group.starters)} started")
    return lines


def headline(groups: Groups) -> str:
    """How many there are, and at how many places."""
    sites = {(group.violation.file, group.violation.line) for group in groups.to_list()}
    return f"{number(groups.total, 'violation')} at {number(len(sites), 'site')}"


def number(count: int, noun: str) -> str:
    """``1 site``, ``2 sites``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _headline(group: Group) -> str:
    facts = group.violation
    times = "" if group.count == 1 else f", {group.count:,} times"
    who = f"thread {facts.toucher!r}" if len(group.threads) == 1 else number(len(group.threads), "thread")
    return f"{facts.error}: {facts.headline}, by {who}{times}"


def _plain(label: str, text: str) -> str:
    return f"  {label:<10}{text}" if label and text else label or f"    {text}"


def _block(group: Group, with_tests: bool) -> list[Line]:
    facts = group.violation
    who = f"thread {facts.toucher!r}"
    if len(group.threads) > 1:
        who = f"{len(group.threads)} threads: {_some(list(map(repr, group.threads)))}"
    if group.starters:
        who += f", started by {_some(group.starters)}"
    lines: list[Line] = [("owned: " + _headline(group), "")]
    lines += [
        (label, text)
        for label, text in (
            ("what", facts.headline),
            ("who", who),
            ("whose", whose_words(facts)),
            ("test", _some(group.tests) + ", after its report" if with_tests and group.tests else ""),
            ("way out", facts.advice or ""),
            ("message", "" if facts.touch else facts.message),
        )
        if text
    ]
    lines += _stack(f"thread {facts.toucher!r} was here:", facts.stack or _site(facts))
    for record in facts.life or ((facts.record,) if facts.record else ()):
        lines += _stack(
            f"{record.verb}({record.root_type}) by thread {record.thread!r} was here:", record.stack or _site(record)
        )
    if facts.owner_stack:
        lines += _stack(f"thread {facts.owner!r}, whose it is, was here:", facts.owner_stack)
    return lines


def _site(place: Violation | Record) -> tuple[Site, ...]:
    return (Site(place.file, place.line, place.function),)


def _stack(title: str, stack: tuple[Site, ...]) -> list[Line]:
    """A stack as Python prints one, the innermost call last, each with its line of source; nothing if none is left."""
    lines: list[Line] = []
    called_by_pytest = list(takewhile(lambda site: not _is_of_pytest(site), stack))
    for site in reversed(called_by_pytest or stack):
        if site.file == threading.__file__:  # on the way to what the thread is to do
            continue
        lines.append(("", f'File "{_short(site.file)}", line {site.line}, in {site.function}'))
        source = linecache.getline(site.file, site.line).strip()
        if source:
            lines.append(("", f"    {source}"))
    return [(f"  {title}", ""), *lines] if lines else []


def _short(file: str) -> str:
    """The file as seen from the current folder, if it is below."""
    try:
        return file.removeprefix(os.path.join(os.getcwd(), ""))
    except OSError:  # a test has removed it
        return file


def _is_of_pytest(site: Site) -> bool:
    return not {"_pytest", "pluggy"}.isdisjoint(PurePath(site.file).parts)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown} and {len(names) - _NAMES_SHOWN} more"
