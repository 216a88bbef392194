# SPDX-License-Identifier: MIT
"""What does the check cost? Read, write, method call and creation, on one thread.

A plain class, a plain class with slots, an owned class with slots, an owned class with a __dict__, a wrapper made by
own()
and wrapt's ObjectProxy (named with whether its C extension is there), interleaved in one run. Each number is the
median over the rounds, in nanoseconds with the empty loop taken off, and as a ratio to its peer measured in the same
round:
plain slots for owned slots, plain for the rest. Not measured: contention, other modes, memory.

    python benchmarks/bench_access.py [--rounds N] [--json FILE]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import statistics
import sys
import sysconfig
import timeit
from typing import Any

import wrapt

import owned

LOOPS = 100_000
BODY = """
class {name}:
    {slots}
    def __init__(self):
        self.a = 1
        self.b = 2
    def nothing(self):
        pass
    def fields(self):
        self.a = self.a + self.b
"""
STATEMENTS = {
    "read": "x.a",
    "write": "x.a = 1",
    "method call": "x.nothing()",
    "method with 3 accesses": "x.fields()",
    "creation": "make()",
}
PEERS = {"plain": "plain", "plain slots": "plain", "owned slots": "plain slots"}


def make_class(name: str, *, slots: bool) -> type:
    """The class under test, plain."""
    namespace: dict[str, Any] = {}
    exec(BODY.format(name=name, slots='__slots__ = ("a", "b")' if slots else ""), namespace)
    made: type = namespace[name]
    return made


def subjects() -> dict[str, Any]:
    """What is measured, by name: callables that make one."""
    plain = make_class("Plain", slots=False)
    wrapt_is_c = importlib.util.find_spec("wrapt._wrappers") is not None
    return {
        "plain": plain,
        "plain slots": make_class("PlainSlots", slots=True),
        "owned slots": owned.owned(make_class("OwnedSlots", slots=True)),
        "owned dict": owned.owned(make_class("OwnedDict", slots=False)),
        "own() wrapper": lambda: owned.own(plain()),
        f"wrapt.ObjectProxy ({'C' if wrapt_is_c else 'Python'})": lambda: wrapt.ObjectProxy(plain()),
    }


def measure(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Nanoseconds of every statement on every subject, round by round."""
    makers = subjects()
    times: dict[str, dict[str, list[float]]] = {name: {what: [] for what in STATEMENTS} for name in makers}
    for _ in range(rounds):
        empty = timeit.timeit("pass", number=LOOPS)
        for what, statement in STATEMENTS.items():
            for name, make in makers.items():
                seconds = timeit.timeit(statement, globals={"x": make(), "make": make}, number=LOOPS) - empty
                times[name][what].append(seconds / LOOPS * 1e9)
    return times


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
        cells = []
        for what, values in by_statement.items():
            peer = times[PEERS.get(name, "plain")][what]
            ratio = statistics.median(mine / theirs for mine, theirs in zip(values, peer, strict=True))
            cells.append(f"{statistics.median(values):.0f} ({ratio:.2f})")
        print(f"| {name} | " + " | ".join(cells) + " |")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"python": sys.version, "build": build, "nanoseconds": times}, file, indent=1)


if __name__ == "__main__":
    main()
