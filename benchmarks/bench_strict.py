# SPDX-License-Identifier: MIT
"""What does strict mode cost? Creating, storing, sharing, moving and touching, strict against checked.

Both modes interleaved in one run, on one thread: each number is the fastest of the rounds in nanoseconds, with the call
of a function around what is measured, and the ratio of the two. Creation is measured at the top of a short and of a
deep stack, since strict mode takes the calling frames. Not measured: contention, memory (about 100 bytes per living
object), violations.

    python benchmarks/bench_strict.py [--rounds N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import sysconfig
import timeit
from collections.abc import Callable

import owned
from owned import _core

LOOPS = 5_000
CHECKED, STRICT = 2, 3


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


LOCK = owned.Lock()


def creation() -> None:
    Slots()


def deep_creation(depth: int = 20) -> None:
    if depth:
        deep_creation(depth - 1)
    else:
        for _ in range(LOOPS):
            Slots()


def creation_and_store() -> None:
    Keeper([1])


def creation_and_share() -> None:
    owned.share(Slots(), lock=LOCK)


def creation_and_move() -> None:
    owned.move(Slots()).claim()


MINE = Slots()
MINE.a = 1


def read() -> None:
    _ = MINE.a


def measured(act: Callable[[], None]) -> float:
    """Nanoseconds for one call."""
    return timeit.timeit(act, number=LOOPS) / LOOPS * 1e9


SUBJECTS: dict[str, Callable[[], float]] = {
    "creation": lambda: measured(creation),
    "creation, 20 calls deep": lambda: timeit.timeit(deep_creation, number=1) / LOOPS * 1e9,
    "creation and a list stored": lambda: measured(creation_and_store),
    "creation and share": lambda: measured(creation_and_share),
    "creation, move and claim": lambda: measured(creation_and_move),
    "read": lambda: measured(read),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    times: dict[str, dict[int, list[float]]] = {name: {CHECKED: [], STRICT: []} for name in SUBJECTS}
    before = _core.get_mode()
    for _ in range(arguments.rounds):
        for name, measure in SUBJECTS.items():
            for mode in (CHECKED, STRICT):
                _core.set_mode(mode)
                times[name][mode].append(measure())
    _core.set_mode(before)
    build = f"{platform.python_version()}{'t' if sysconfig.get_config_var('Py_GIL_DISABLED') else ''}"
    results = {}
    print(f"Python {build}, {platform.machine()}, fastest of {arguments.rounds} rounds")
    print(f"{'':28}{'checked':>10}{'strict':>10}{'ratio':>8}")
    for name, by_mode in times.items():
        checked, strict = (min(by_mode[mode]) for mode in (CHECKED, STRICT))
        results[name] = {"checked_ns": checked, "strict_ns": strict, "ratio": strict / checked}
        print(f"{name:28}{checked:>10.0f}{strict:>10.0f}{strict / checked:>8.2f}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"python": sys.version, "build": build, "results": results}, file, indent=2)


if __name__ == "__main__":
    main()
