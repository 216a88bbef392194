# SPDX-License-Identifier: MIT
"""What does the check cost in each mode? Read, write, method call and a method with three accesses, on one thread.

An owned class with slots and one with a __dict__, in guard, checked and strict, against plain classes, interleaved
in one run: every round measures everything, best of seven, and switches the mode in between. Each number is the median
over the rounds, in nanoseconds with the empty loop taken off, and as a ratio to the plain class of the same kind in the
same round. Not measured: off, where classes are the plain ones, creation, contention.

    python benchmarks/bench_modes.py [--rounds N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import sysconfig
import timeit
from typing import Any

import owned

LOOPS = 100_000
BEST_OF = 7
REPEATS = 20
MODES = ("guard", "checked", "strict")
BODY = """
class {name}:
    {slots}
    def __init__(self):
        self.a = 1
        self.b = 2
    def nothing(self):
        pass
    def fields(self):
        self.a = self.b + self.b
"""
STATEMENTS = {"read": "x.a", "write": "x.a = 1", "method call": "x.nothing()", "method with 3 accesses": "x.fields()"}


def make_class(name: str, *, slots: bool) -> type:
    """The class under test, plain."""
    namespace: dict[str, Any] = {}
    exec(BODY.format(name=name, slots='__slots__ = ("a", "b")' if slots else ""), namespace)
    made: type = namespace[name]
    return made


def measure(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Nanoseconds of every statement on every subject, round by round."""
    plain = {slots: make_class("Plain", slots=slots) for slots in (True, False)}
    guarded = {slots: owned.owned(make_class("Guarded", slots=slots)) for slots in (True, False)}
    times: dict[str, dict[str, list[float]]] = {}
    for _ in range(rounds):
        for slots in (True, False):
            kind = "slots" if slots else "dict"
            for what, statement in STATEMENTS.items():
                subjects = {f"plain {kind}": (plain[slots](), owned.mode().value)}
                subjects |= {f"{mode} {kind}": (guarded[slots](), mode) for mode in MODES}
                for name, (x, mode) in subjects.items():
                    with owned.configure(mode=mode):
                        value = _nanoseconds(statement, x)
                    times.setdefault(name, {}).setdefault(what, []).append(value)
    return times


def _nanoseconds(statement: str, x: Any) -> float:
    code = "\n".join([statement] * REPEATS)
    timer = timeit.Timer(code, globals={"x": x})
    timer.timeit(100)  # let the interpreter specialize it
    loops = LOOPS // REPEATS
    empty = min(timeit.repeat("pass", number=loops, repeat=BEST_OF))
    return (min(timer.repeat(BEST_OF, loops)) - empty) / LOOPS * 1e9


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", metavar="FILE", help="write every number")
    options = parser.parse_args()
    times = measure(options.rounds)
    build = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "GIL"
    print(
        f"CPython {platform.python_version()} ({build}), {platform.machine()}, {options.rounds} rounds of {LOOPS:,}\n"
    )
    print("| ns (ratio) | " + " | ".join(STATEMENTS) + " |")
    print("|---" * (len(STATEMENTS) + 1) + "|")
    for name, by_statement in times.items():
        peers = times[f"plain {name.split()[1]}"]
        cells = []
        for what, values in by_statement.items():
            ratio = statistics.median(mine / theirs for mine, theirs in zip(values, peers[what], strict=True))
            cells.append(f"{statistics.median(values):.1f} ({ratio:.2f})")
        print(f"| {name} | " + " | ".join(cells) + " |")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"python": sys.version, "build": build, "nanoseconds": times}, file, indent=1)


if __name__ == "__main__":
    main()
