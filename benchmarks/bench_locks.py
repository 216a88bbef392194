# SPDX-License-Identifier: MIT
"""What do locks cost?

- Taking a free lock and giving it back, on one thread: those of ``threading``, ours in checked and in strict mode, in
  strict mode while eight others are held whose order is known, and while holds are recorded for a report. The rest is
  measured in checked mode.
- The goal: ``with lock`` around a write to a slot, checked under our lock, unchecked under ``threading.Lock``.
- Two locks: ``with a + b``, made each time or once, beside ``with a, b``.
- Semaphores, and ``with condition``, beside those of ``threading``.
- Two threads that want one lock, each in a loop with nothing else in it: the time of one turn.

Interleaved in one run. Each number is the median over the rounds, in nanoseconds with the empty loop taken off (thread
time; wall time for two threads), and as a ratio to its ``threading`` peer of the same round. No other peers:
``fasteners`` has a thread lock for readers and writers only (bench_rwlock.py), and ``cereggii`` none that excludes.
Not measured: the first time that two locks are taken in some order.

    python benchmarks/bench_locks.py [--rounds N]
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import sysconfig
import threading
import time
import timeit
from collections.abc import Callable, Iterator
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


@owned.owned
class Checked:
    """What is shared under our lock."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Unchecked:
    """The same, that nobody guards."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


def guarded_write(lock: Any, obj: Any) -> Callable[[], float]:
    """Nanoseconds of one block that writes."""

    def measured() -> float:
        start = time.thread_time()
        for _ in range(LOOPS):
            with lock:
                obj.value = 1
        return (time.thread_time() - start) / LOOPS * 1e9

    return measured


def block(context: Any) -> Callable[[], float]:
    """Nanoseconds of one empty block."""

    def measured() -> float:
        start = time.thread_time()
        for _ in range(LOOPS):
            with context:
                pass
        return (time.thread_time() - start) / LOOPS * 1e9

    return measured


def both(a: Any, b: Any, how: str) -> Callable[[], float]:
    """Nanoseconds of one block under two locks: ``a, b``, ``a + b``, or one that was added before."""

    def nested() -> float:
        start = time.thread_time()
        for _ in range(LOOPS):
            with a, b:
                pass
        return (time.thread_time() - start) / LOOPS * 1e9

    def added() -> float:
        start = time.thread_time()
        for _ in range(LOOPS):
            with a + b:
                pass
        return (time.thread_time() - start) / LOOPS * 1e9

    return nested if how == "a, b" else added if how == "a + b" else block(a + b)


def contended(lock: Any) -> Callable[[], float]:
    """Nanoseconds of a turn of two threads that do nothing else."""
    turns = LOOPS // 10

    def measured() -> float:
        begin = threading.Barrier(3)

        def take_turns() -> None:
            begin.wait()
            for _ in range(turns):
                with lock:
                    pass

        threads = [threading.Thread(target=take_turns) for _ in range(2)]
        for thread in threads:
            thread.start()
        begin.wait()
        start = time.perf_counter()
        for thread in threads:
            thread.join()
        return (time.perf_counter() - start) / (2 * turns) * 1e9

    return measured


def pairs() -> dict[str, dict[str, Callable[[], float]]]:
    """What is measured beside its peer: the peer first."""
    lock, their_lock = owned.Lock(), threading.Lock()
    shared = owned.share(Checked(), lock=lock)
    locks, their_locks = (owned.Lock(), owned.Lock()), (threading.Lock(), threading.Lock())
    return {
        "with Lock, a write": {
            "threading, unchecked": guarded_write(their_lock, Unchecked()),
            "owned, checked": guarded_write(lock, shared),
        },
        "two Locks": {
            "threading: a, b": both(*their_locks, "a, b"),
            "owned: a, b": both(*locks, "a, b"),
            "owned: a + b": both(*locks, "a + b"),
            "owned: added before": both(*locks, "added"),
        },
        "with Condition": {"threading": block(threading.Condition()), "owned": block(owned.Condition())},
        "with Semaphore": {"threading": block(threading.Semaphore()), "owned": block(owned.Semaphore())},
        "with BoundedSemaphore": {
            "threading": block(threading.BoundedSemaphore()),
            "owned": block(owned.BoundedSemaphore()),
        },
        "Lock, 2 threads": {"threading": contended(threading.Lock()), "owned": contended(owned.Lock())},
        "RLock, 2 threads": {"threading": contended(threading.RLock()), "owned": contended(owned.RLock())},
        "Semaphore, 2 threads": {"threading": contended(threading.Semaphore()), "owned": contended(owned.Semaphore())},
    }


def empty_loop() -> float:
    start = time.thread_time()
    for _ in range(LOOPS):
        pass
    return (time.thread_time() - start) / LOOPS * 1e9


def compare(rounds: int) -> None:
    """Measure all pairs and print them."""
    cases = pairs()
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        empty = empty_loop()
        for what, peers in cases.items():
            for name, run in peers.items():
                times.setdefault((what, name), []).append(run() - empty)
    for what, peers in cases.items():
        first = times[what, next(iter(peers))]
        for name in peers:
            ratio = statistics.median(mine / theirs for mine, theirs in zip(times[what, name], first, strict=True))
            print(f"{what:24} {name:20} {statistics.median(times[what, name]):8.1f} ns {ratio:6.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    times = measure(rounds)
    build = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "GIL"
    print(f"Python {sys.version.split()[0]}, {build}")
    for (kind, what, name), own_times in times.items():
        ratios = [mine / theirs for mine, theirs in zip(own_times, times[kind, what, "threading"], strict=True)]
        print(f"{kind:6} {what:17} {name:20} {statistics.median(own_times):8.1f} ns {statistics.median(ratios):6.2f}")
    compare(rounds)


if __name__ == "__main__":
    main()
