# SPDX-License-Identifier: MIT
"""What does reading under a reader-writer lock cost, and does it pay with two readers?

Uncontended: ``with`` on each side, on one thread. Contended: two threads that read, each taking the read side and
looking an item up in a plain dict, ``--work`` times per block; what is told is the time until both are done, per block
of one thread. Ours against ``readerwriterlock`` (RWLockFair, RWLockWrite), ``fasteners.ReaderWriterLock``,
``threading.RLock`` and ``owned.RLock``, interleaved in one run. Each number is the median over the rounds, in
nanoseconds with the empty loop taken off (uncontended), and as a ratio to ``owned.RWLock`` of the same round. A peer
that is not installed is left out, and said so. Not measured: writers among the readers.

    python benchmarks/bench_rwlock.py [--rounds N] [--work N]
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import sys
import sysconfig
import threading
import time
import timeit
from collections.abc import Callable
from typing import Any

import owned

LOOPS = 50_000
BLOCKS = 20_000


def peers() -> tuple[dict[str, tuple[str, str, dict[str, Any]]], list[str]]:
    """By name: the expression of the read side, that of the write side, and what they need; and who is missing."""
    ours = owned.RWLock()
    found: dict[str, tuple[str, str, dict[str, Any]]] = {
        "owned.RWLock": ("rw.read", "rw.write", {"rw": ours}),
        "owned.RWLock, kept side": ("reader", "writer", {"reader": ours.read, "writer": ours.write}),
        "owned.RLock": ("lock", "lock", {"lock": owned.RLock()}),
        "threading.RLock": ("lock", "lock", {"lock": threading.RLock()}),
    }
    missing = []
    for kind in ("RWLockFair", "RWLockWrite"):
        try:
            theirs = getattr(importlib.import_module("readerwriterlock.rwlock"), kind)()
        except ImportError:
            missing.append(f"readerwriterlock.{kind}")
        else:
            found[f"readerwriterlock.{kind}"] = ("rw.gen_rlock()", "rw.gen_wlock()", {"rw": theirs})
    try:
        fast: Any = importlib.import_module("fasteners").ReaderWriterLock()
    except ImportError:
        missing.append("fasteners.ReaderWriterLock")
    else:
        found["fasteners.ReaderWriterLock"] = ("rw.read_lock()", "rw.write_lock()", {"rw": fast})
    return found, missing


def uncontended(side: str, names: dict[str, Any]) -> float:
    """Nanoseconds of one ``with`` block on a side, with nothing in it."""
    empty = timeit.timeit("pass", number=LOOPS)
    timeit.timeit(f"with {side}: pass", number=100, globals=names)
    return (timeit.timeit(f"with {side}: pass", number=LOOPS, globals=names) - empty) / LOOPS * 1e9


def two_readers(side: str, names: dict[str, Any], work: int) -> float:
    """Nanoseconds per block of one of two threads that read at the same time."""
    source = (
        "def read():\n"
        f"    for _ in range({BLOCKS}):\n"
        f"        with {side}:\n"
        f"            for _ in range({work}):\n"
        "                table[5]\n"
    )
    space: dict[str, Any] = {**names, "table": dict.fromkeys(range(10))}
    exec(source, space)
    read: Callable[[], None] = space["read"]
    start = threading.Barrier(3)
    done = []

    def run() -> None:
        start.wait()
        read()
        done.append(True)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    start.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    assert len(done) == 2
    return (time.perf_counter() - begun) / BLOCKS * 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--work", type=int, default=50)
    options = parser.parse_args()
    found, missing = peers()
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(options.rounds):
        for name, (read, write, names) in found.items():
            times.setdefault(("read, alone", name), []).append(uncontended(read, names))
            times.setdefault(("write, alone", name), []).append(uncontended(write, names))
            times.setdefault(("read, two threads", name), []).append(two_readers(read, names, options.work))
    build = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "GIL"
    print(f"Python {sys.version.split()[0]}, {build}; {options.work} look-ups in each block of two threads")
    for (what, name), theirs in sorted(times.items(), key=lambda item: item[0][0]):
        ratios = [peer / mine for peer, mine in zip(theirs, times[what, "owned.RWLock"], strict=True)]
        print(f"{what:18} {name:29} {statistics.median(theirs):9.0f} ns {statistics.median(ratios):7.2f}")
    for name in missing:
        print(f"not installed, left out: {name}")


if __name__ == "__main__":
    main()
