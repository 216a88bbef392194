# SPDX-License-Identifier: MIT
"""What does a task cost in ``owned.ThreadPoolExecutor``, against the standard pool?

``submit`` and ``result``, one task after the other and a hundred at a time, with one worker and with two; an empty
function, and one that makes ten thousand guarded objects. Both pools take turns in one run. Each line has the median
over the rounds, and the median of the ratios of the same round: of the time that passed, and of processor time, which
other programs disturb less.

Then what the hand-over costs by itself: asking for the result of a task that has ended and made 10, 10,000 and
1,000,000 objects, the best of all rounds.

    python benchmarks/bench_pool.py [--rounds N] [--tasks N]
"""

from __future__ import annotations

import argparse
import concurrent.futures
import statistics
import sys
import sysconfig
import time
from collections.abc import Callable
from typing import Any

import owned

POOLS = {"standard": concurrent.futures.ThreadPoolExecutor, "owned": owned.ThreadPoolExecutor}


@owned.owned
class Node:
    """One guarded object."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value


def empty() -> None:
    """What is left is the pool."""


def make(count: int = 10_000) -> list[Node]:
    """A plain list of guarded objects."""
    return [Node(i) for i in range(count)]


def one_by_one(pool: Any, function: Callable[..., object], tasks: int) -> None:
    for _ in range(tasks):
        pool.submit(function).result()


def hundred_at_a_time(pool: Any, function: Callable[..., object], tasks: int) -> None:
    for _ in range(0, tasks, 100):
        for future in [pool.submit(function) for _ in range(min(100, tasks))]:
            future.result()


def measure(workers: int, run: Any, function: Callable[..., object], tasks: int, rounds: int) -> None:
    """Print one line."""
    passed: dict[str, list[float]] = {name: [] for name in POOLS}
    used: dict[str, list[float]] = {name: [] for name in POOLS}
    pools = {name: pool(workers) for name, pool in POOLS.items()}
    for turn in range(-1, rounds):
        for name in sorted(POOLS, reverse=turn % 2 == 0):
            began, began_using = time.perf_counter(), time.process_time()
            run(pools[name], function, tasks)
            if turn >= 0:
                passed[name].append((time.perf_counter() - began) / tasks * 1e6)
                used[name].append((time.process_time() - began_using) / tasks * 1e6)
    for pool in pools.values():
        pool.shutdown()

    def ratio(times: dict[str, list[float]]) -> float:
        return statistics.median(ours / theirs for ours, theirs in zip(times["owned"], times["standard"], strict=True))

    print(
        f"{workers} worker{'s' if workers > 1 else ' '} {run.__name__:18} {function.__name__:6}"
        f"{statistics.median(passed['standard']):10.1f} us{statistics.median(passed['owned']):10.1f} us"
        f"  passed {ratio(passed):5.2f}  processor {ratio(used):5.2f}"
    )


def hand_over(count: int, rounds: int) -> None:
    """Print how long asking for a result takes that is there."""
    times = []
    with owned.ThreadPoolExecutor(1) as pool:
        for _ in range(rounds):
            future = pool.submit(make, count)
            concurrent.futures.wait([future])
            began = time.perf_counter()
            nodes = future.result()
            times.append((time.perf_counter() - began) * 1e6)
            assert nodes[-1].value == count - 1
    print(f"taking the result of a task that made {count:9,} objects: {min(times):6.1f} us")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--tasks", type=int, default=2000)
    options = parser.parse_args()
    build = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "GIL"
    print(f"Python {sys.version.split()[0]}, {build}; a task in the standard pool, and in ours")
    for workers in (1, 2):
        for run in (one_by_one, hundred_at_a_time):
            measure(workers, run, empty, options.tasks, options.rounds)
            measure(workers, run, make, max(options.tasks // 100, 1), options.rounds)
    for count in (10, 10_000, 1_000_000):
        hand_over(count, 5)


if __name__ == "__main__":
    main()
