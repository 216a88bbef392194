# SPDX-License-Identifier: MIT
"""One report: the findings, and what they are of. What writes it in a format gets one of these."""

from __future__ import annotations

import linecache
import sys
from importlib import metadata
from typing import Any

import attrs

from owned._audit import _findings
from owned._audit._findings import Findings, Lock, Place, Race
from owned._report_data import is_library, within_library

Document = dict[str, Any]

_WIDTH = 400
_AROUND = 4


@attrs.frozen
class Report:
    """What is told of an audit.

    Attributes:
        title: what was audited, as one would type it.
        findings: what was found.
        root: the folder that files are shown relative to.
        started: Unix time, in seconds.
        duration: how long it took, in seconds.
        process: the number of the process, where it is not the one that was started; else None.
        ending: how the program ended, where it did not come to its end; else empty.
        python: the version of the interpreter.
        version: of this package.
    """

    title: str
    findings: Findings
    root: str
    started: float
    duration: float
    process: int | None = None
    ending: str = ""
    python: str = attrs.field(factory=lambda: sys.version.partition(" (")[0])
    version: str = attrs.field(factory=lambda: metadata.version("owned"))

    def short(self, file: str) -> str:
        """The file's path for tools: relative to the root where it lies below it."""
        return _findings.relative(file, self.root)

    def shown(self, file: str) -> str:
        """The file's path for readers: one of a library without the folder of libraries."""
        return within_library(file) if is_library(file) else self.short(file)

    def where(self, place: Place) -> str:
        """``file:line`` for readers."""
        return f"{self.shown(place.file)}:{place.line}"

    def callers(self, stack: tuple[Place, ...], most: int) -> list[Place]:
        """Who called, innermost first: places of the program as long as there are any."""
        own = [place for place in stack[1:] if not is_library(place.file)]
        return own[:most]

    def lock_words(self, number: int) -> str:
        """A lock that was held, in a few words."""
        lock = self.findings.lock_of(number)
        return self.lock_name(lock) + (" for reading" if number < 0 else "")

    def lock_name(self, lock: Lock) -> str:
        """A lock's name, and where it was made."""
        return f"{lock.name} ({self.where(lock.made[0])})" if lock.made else lock.name

    def held_words(self, locks: tuple[int, ...]) -> str:
        """Which locks were held, in a few words."""
        return "under " + " and ".join(map(self.lock_words, locks)) if locks else "no lock held"

    def why(self, race: Race) -> str:
        """Why the two accesses are a race."""
        if race.certainty is _findings.Certainty.CERTAIN:
            first, second = ({abs(number) for number in access.locks} for access in race.accesses)
            if first & second:
                return "the lock both held was held for reading, and one of them writes"
            if first and second:
                return "each held a lock, but not the same one, and nothing else orders the two"
            return "nothing orders the two: no common lock, no start or join, no queue or event lies between them"
        return (
            "in this run a lock happened to be taken by one thread and then by the other in between; it guards neither "
            "access, and another run may take it in the other order"
        )

    def order(self) -> list[Race]:
        """The races as they are shown: those that count first."""
        return sorted(self.findings.races, key=lambda race: (race.status != "new", race.certainty != "certain"))

    def same_place(self, race: Race) -> bool:
        """Whether both accesses are on one line."""
        one, other = race.first.place, race.second.place
        return (one.file, one.line) == (other.file, other.line)


def excerpt(place: Place, around: int = _AROUND) -> tuple[int, list[str]] | None:
    """The source around a place, and the number of its first line; None where nobody has it."""
    first = max(place.line - around, 1)
    lines = linecache.getlines(place.file)[first - 1 : place.line + around]
    if len(lines) <= place.line - first:
        return None
    return first, [line.rstrip()[:_WIDTH] for line in lines]
