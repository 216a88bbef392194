# SPDX-License-Identifier: MIT
"""A task in ``owned.ThreadPoolExecutor``, beside the standard pool.

``submit`` and ``result``, one task after the other and a hundred at a time, with one worker and with two: an empty
function, and one that makes ten thousand guarded objects, which are handed over with the result. Then what this
hand-over costs by itself: asking for the result of a task that has ended and made 10, 10,000 and 1,000,000 objects.

Not measured: tasks that wait, and what is handed over with the arguments.
"""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Callable
from typing import Any

import owned
from benchmarks.harness import Case, Time

QUESTION = "Pools of threads"
POOLS = {
    "concurrent.futures.ThreadPoolExecutor": concurrent.futures.ThreadPoolExecutor,
    "owned.ThreadPoolExecutor": owned.ThreadPoolExecutor,
}
STANDARD = next(iter(POOLS))


def missing() -> list[str]:
    return []


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


def tasks(pool: Any, run: Any, function: Callable[..., object], per_loop: int) -> Time:
    """Seconds of a run of tasks."""

    def timed(loops: int) -> float:
        began = time.perf_counter()
        run(pool, function, loops * per_loop)
        return time.perf_counter() - began

    return timed


def handed_over(count: int) -> Time:
    """Seconds that asking for the result takes that is there."""
    pool = owned.ThreadPoolExecutor(1)

    def timed(loops: int) -> float:
        taken = 0.0
        for _ in range(loops):
            future = pool.submit(make, count)
            concurrent.futures.wait([future])
            began = time.perf_counter()
            nodes = future.result()
            taken += time.perf_counter() - began
            if nodes[-1].value != count - 1:
                raise AssertionError("another result")
        return taken

    return timed


def cases() -> list[Case]:
    found = []
    for workers in (1, 2):
        for run, per_loop in ((one_by_one, 1), (hundred_at_a_time, 100)):
            for function in (empty, make):
                if function is make and per_loop > 1:
                    continue
                work = "empty" if function is empty else "making 10,000 objects"
                row = f"{work}, {run.__name__.replace('_', ' ')}, {workers} worker{'s' * (workers > 1)}"
                for name, pool in POOLS.items():
                    timed = tasks(pool(workers), run, function, per_loop)
                    found.append(Case(row, name, timed, STANDARD, per_loop=per_loop, seconds=0.02))
    for count in (10, 10_000, 1_000_000):
        row, peer = "taking a result, by how many objects the task made", "10 objects"
        found.append(Case(row, f"{count:,} objects", handed_over(count), peer, seconds=1e-4, rounds=3))
    return found
