# SPDX-License-Identifier: MIT
"""What does it save to count, refer or compute without a lock?

Counting: ``AtomicInt`` by ``+=``, ``add()`` and ``increment()`` against ``with threading.Lock(): n += 1``, the same
with ``owned.Lock``, ``next(itertools.count())`` (which counts, and can neither be read nor set) and cereggii's
``AtomicInt64``. References: ``AtomicRef.get()`` and ``set()``, cereggii's ``AtomicRef``, an item under a lock.
Reading what was made once: ``Lazy()`` and ``Once.call()`` against ``functools.cache`` and a test under a lock.

Each on one thread and on two that share the object, interleaved in one run: the best of the rounds in nanoseconds per
operation, with the best empty loop taken off, and as a ratio to the first of its group. With two threads a number is
the time until both are done, over what both did. Not measured: more threads than there are cores, and compare-and-set
that fails.

    python benchmarks/bench_atomics.py [--rounds N] [--loops N]
"""

from __future__ import annotations

import argparse
import functools
import itertools
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from typing import Any

import owned

try:
    import cereggii
except ImportError as error:
    cereggii = None
    print(f"without cereggii: {error}")

Loop = Callable[[Any, Any, range], None]
GROUPS: dict[str, list[tuple[str, Callable[[], Any], Callable[[], Any], str]]] = {
    # name, what makes the object, what makes its lock, the statement
    "count": [
        ("with threading.Lock(): n += 1", lambda: [0], threading.Lock, "with lock:\n   obj[0] += 1"),
        ("with owned.Lock(): n += 1", lambda: [0], owned.Lock, "with lock:\n   obj[0] += 1"),
        ("next(itertools.count())", itertools.count, object, "next(obj)"),
        ("AtomicInt += 1", owned.AtomicInt, object, "obj += 1"),
        ("AtomicInt.add(1)", owned.AtomicInt, object, "obj.add(1)"),
        ("AtomicInt.increment()", owned.AtomicInt, object, "obj.increment()"),
    ],
    "read": [
        ("with threading.Lock(): x[0]", lambda: [0], threading.Lock, "with lock:\n   obj[0]"),
        ("x[0], no lock", lambda: [0], object, "obj[0]"),
        ("AtomicRef.get()", lambda: owned.AtomicRef((1, 2)), object, "obj.get()"),
        ("AtomicInt.get()", owned.AtomicInt, object, "obj.get()"),
    ],
    "replace": [
        ("with threading.Lock(): x[0] = v", lambda: [0], threading.Lock, "with lock:\n   obj[0] = None"),
        ("AtomicRef.set(v)", owned.AtomicRef, object, "obj.set(None)"),
        ("AtomicRef.compare_and_set(v, v)", owned.AtomicRef, object, "obj.compare_and_set(None, None)"),
    ],
    "once": [
        ("with threading.Lock(): x is None", lambda: [1], threading.Lock, "with lock:\n   obj[0] is None"),
        ("functools.cache", lambda: functools.cache(tuple), object, "obj()"),
        ("Lazy()", lambda: owned.Lazy(tuple), object, "obj()"),
        ("Once.call(f)", owned.Once, tuple, "obj.call(tuple)"),
    ],
}
if cereggii is not None:
    GROUPS["count"] += [
        ("cereggii.AtomicInt64 += 1", lambda: cereggii.AtomicInt64(0), object, "obj += 1"),
        (
            "cereggii.AtomicInt64.increment_and_get()",
            lambda: cereggii.AtomicInt64(0),
            object,
            "obj.increment_and_get()",
        ),
    ]
    GROUPS["read"].append(
        ("cereggii.AtomicRef.get()", lambda: cereggii.AtomicRef((1, 2)), object, "obj.get()"),
    )
    GROUPS["replace"].append(
        ("cereggii.AtomicRef.set(v)", lambda: cereggii.AtomicRef(None), object, "obj.set(None)"),
    )


def compiled(statement: str) -> Loop:
    names: dict[str, Any] = {}
    exec(f"def loop(obj, lock, times):\n for _ in times:\n  {statement}\n", names)
    return names["loop"]  # type: ignore[no-any-return]


def timed(loop: Loop, obj: Any, lock: Any, loops: int, threads: int) -> float:
    """Nanoseconds per operation, over all threads."""
    start = threading.Barrier(threads + 1)

    def run() -> None:
        start.wait()
        loop(obj, lock, range(loops))

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    start.wait()
    begin = time.perf_counter_ns()
    for worker in workers:
        worker.join()
    return (time.perf_counter_ns() - begin) / (loops * threads)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--loops", type=int, default=100_000)
    options = parser.parse_args()
    build = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "GIL"
    print(f"Python {sys.version.split()[0]}, {build}")
    loops = {statement: compiled(statement) for group in GROUPS.values() for *_, statement in group}
    empty = compiled("pass")
    times: dict[tuple[str, str, int], list[float]] = {}
    for _ in range(options.rounds):
        for threads in (1, 2):
            times.setdefault(("", "", threads), []).append(timed(empty, None, None, options.loops, threads))
            for group, members in GROUPS.items():
                for name, make, make_lock, statement in members:
                    took = timed(loops[statement], make(), make_lock(), options.loops, threads)
                    times.setdefault((group, name, threads), []).append(took)
    for group, members in GROUPS.items():
        print(f"{group:45} {'1 thread':>16} {'2 threads':>18}")
        for name, *_ in members:
            columns = []
            for threads in (1, 2):
                nothing = min(times["", "", threads])
                own = min(times[group, name, threads]) - nothing
                first = min(times[group, members[0][0], threads]) - nothing
                columns.append(f"{own:8.1f} ns {own / first:5.2f}")
            print(f"  {name:42} " + "  ".join(columns))


if __name__ == "__main__":
    main()
