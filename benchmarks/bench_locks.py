# SPDX-License-Identifier: MIT
"""What does a lock cost that nobody else wants? Taking it and giving it back, on one thread.

Those of ``threading``, ours in checked and in strict mode, in strict mode while eight others are held
whose order is known, and while holds are recorded for a report; interleaved in one run. Each number is the median over
the rounds, in nanoseconds with the empty loop taken off, and as a ratio to its ``threading`` peer of the same round.
Not measured: contention, and the first time that two locks are taken in some order.

    python benchmarks/bench_locks.py [--rounds N]
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import sysconfig
import threading
import timeit
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import owned
from owned import _core

LOOPS = 100_000
CHECKED, STRICT = 2, 3
STATEMENTS = {"with": "with lock: pass", "acquire, release": "lock.acquire(); lock.release()"}
KINDS = {"Lock": (threading.Lock, owned.Lock), "RLock": (threading.RLock, owned.RLock)}


@contextlib.contextmanager
def situation(name: str) -> Iterator[None]:
    """The mode, and what else is held."""
    _core.set_mode(CHECKED if name in ("threading", "checked") else STRICT)
    try:
        with ExitStack() as stack:
            if name == "strict, 8 held":
                for _ in range(8):
                    stack.enter_context(owned.Lock())
            if name == "strict, recorded":
                _core.record_holds(1000)
            yield
    finally:
        if name == "strict, recorded":
            _core.record_holds(0)
        _core.set_mode(CHECKED)


def measure(rounds: int) -> dict[tuple[str, str, str], list[float]]:
    """Nanoseconds by kind, statement and situation, round by round."""
    situations = ["threading", "checked"]
    if hasattr(_core, "record_holds"):
        situations += ["strict", "strict, 8 held", "strict, recorded"]
    times: dict[tuple[str, str, str], list[float]] = {}
    for _ in range(rounds):
        empty = timeit.timeit("pass", number=LOOPS)
        for kind, (theirs, ours) in KINDS.items():
            for what, statement in STATEMENTS.items():
                for name in situations:
                    with situation(name):
                        lock: Any = theirs() if name == "threading" else ours()
                        timeit.timeit(statement, number=100, globals={"lock": lock})
                        taken = timeit.timeit(statement, number=LOOPS, globals={"lock": lock}) - empty
                    times.setdefault((kind, what, name), []).append(taken / LOOPS * 1e9)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    times = measure(parser.parse_args().rounds)
    build = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "GIL"
    print(f"Python {sys.version.split()[0]}, {build}")
    for (kind, what, name), own_times in times.items():
        ratios = [mine / theirs for mine, theirs in zip(own_times, times[kind, what, "threading"], strict=True)]
        print(f"{kind:6} {what:17} {name:17} {statistics.median(own_times):7.1f} ns {statistics.median(ratios):6.2f}")


if __name__ == "__main__":
    main()
