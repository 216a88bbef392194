# SPDX-License-Identifier: MIT
"""Mode strict beside checked: creating, storing, sharing and moving, on one thread.

Creation is measured at the top of a short and of a deep stack, since strict mode takes the calling frames. Reads and
writes in each mode are in the question about fields, taking locks in that about locks.

Not measured: contention, memory (in the question about fields), violations.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import owned
from benchmarks.harness import REPEATS, Case, Time, statement
from benchmarks.subjects import in_mode

QUESTION = "Mode strict"
DEEP = 20


def missing() -> list[str]:
    return []


@owned.owned(slots=True)
class Slots:
    """Fields in slots."""

    a: int
    items: object


@owned.owned
class Keeper:
    """Stores a container."""

    def __init__(self, items: list[int]) -> None:
        self.items = items


def called_deeply(timed: Time) -> Time:
    """`timed` with so many more callers."""

    def deeper(depth: int, loops: int) -> float:
        return deeper(depth - 1, loops) if depth else timed(loops)

    return functools.partial(deeper, DEEP)


def as_it_is(timed: Time) -> Time:
    return timed


SUBJECTS: dict[str, tuple[str, dict[str, Any], Callable[[Time], Time]]] = {
    "creation": ("Slots()", {"Slots": Slots}, as_it_is),
    f"creation, {DEEP} calls deep": ("Slots()", {"Slots": Slots}, called_deeply),
    "creation and a list stored": ("Keeper([1])", {"Keeper": Keeper}, as_it_is),
    "creation and share": (
        "share(Slots(), lock=lock)",
        {"share": owned.share, "Slots": Slots, "lock": owned.Lock()},
        as_it_is,
    ),
    "creation, move and claim": ("move(Slots()).claim()", {"move": owned.move, "Slots": Slots}, as_it_is),
    "freeze": ("freeze(Slots())", {"freeze": owned.freeze, "Slots": Slots}, as_it_is),
}


def cases() -> list[Case]:
    return [
        Case(what, mode, in_mode(mode, surroundings(statement(code, names))), "checked", per_loop=REPEATS)
        for what, (code, names, surroundings) in SUBJECTS.items()
        for mode in ("checked", "guard", "strict")
    ]
