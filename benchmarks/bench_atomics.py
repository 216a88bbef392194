# SPDX-License-Identifier: MIT
"""What it saves to count, refer or compute without a lock, on one thread and on two that share the object.

Counting: ``AtomicInt`` beside ``with threading.Lock(): n += 1``, the same with ``owned.Lock``,
``next(itertools.count())``, which can neither be read nor set, and cereggii's ``AtomicInt64``. References: ``get`` and
``set`` of an ``AtomicRef`` and of cereggii's, beside an item under a lock. Reading what was made once: ``Lazy()`` and
``Once.call()`` beside ``functools.cache`` and a test under a lock.

With two threads a number is the time until both are done, divided by what both did. Not measured: more threads than
there are cores, and compare-and-set that fails.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable
from typing import Any

import owned
from benchmarks.harness import REPEATS, Case, importable, in_threads, not_importable, statement

QUESTION = "Counting and referring without a lock"

Row = dict[str, tuple[str, Callable[[], Any], Callable[[], Any]]]  # by subject: the code, and what makes x and the lock


def missing() -> list[str]:
    return not_importable("cereggii")


def rows() -> dict[str, Row]:
    """By what is done: the peer first."""
    locked = "with threading.Lock"
    found: dict[str, Row] = {
        "count": {
            locked: ("with lock: x[0] += 1", lambda: [0], threading.Lock),
            "with owned.Lock": ("with lock: x[0] += 1", lambda: [0], owned.Lock),
            "next(itertools.count())": ("next(x)", itertools.count, object),
            "AtomicInt += 1": ("x += 1", owned.AtomicInt, object),
            "AtomicInt.add(1)": ("x.add(1)", owned.AtomicInt, object),
            "AtomicInt.increment()": ("x.increment()", owned.AtomicInt, object),
        },
        "read": {
            locked: ("with lock: x[0]", lambda: [0], threading.Lock),
            "no lock": ("x[0]", lambda: [0], object),
            "AtomicRef.get()": ("x.get()", lambda: owned.AtomicRef((1, 2)), object),
            "AtomicInt.get()": ("x.get()", owned.AtomicInt, object),
        },
        "replace": {
            locked: ("with lock: x[0] = None", lambda: [0], threading.Lock),
            "AtomicRef.set(v)": ("x.set(None)", owned.AtomicRef, object),
            "AtomicRef.compare_and_set(v, v)": ("x.compare_and_set(None, None)", owned.AtomicRef, object),
        },
        "made once": {
            locked: ("with lock: x[0] is None", lambda: [1], threading.Lock),
            "functools.cache": ("x()", lambda: functools.cache(tuple), object),
            "Lazy()": ("x()", lambda: owned.Lazy(tuple), object),
            "Once.call(f)": ("x.call(lock)", owned.Once, lambda: tuple),
        },
    }
    if (theirs := importable("cereggii")) is not None:
        found["count"] |= {
            "cereggii.AtomicInt64 += 1": ("x += 1", lambda: theirs.AtomicInt64(0), object),
            "cereggii increment_and_get()": ("x.increment_and_get()", lambda: theirs.AtomicInt64(0), object),
        }
        found["read"]["cereggii.AtomicRef.get()"] = ("x.get()", lambda: theirs.AtomicRef((1, 2)), object)
        found["replace"]["cereggii.AtomicRef.set(v)"] = ("x.set(None)", lambda: theirs.AtomicRef(None), object)
    return found


def cases() -> list[Case]:
    found = []
    for what, subjects in rows().items():
        peer = next(iter(subjects))
        for name, (code, make, make_lock) in subjects.items():
            alone = statement(code, {"x": make(), "lock": make_lock()})
            found.append(Case(what, name, alone, peer, per_loop=REPEATS))
            names = {"x": make(), "lock": make_lock()}
            together = in_threads(*[statement(code, names) for _ in range(2)])
            found.append(Case(f"{what}, 2 threads", name, together, peer, per_loop=2 * REPEATS, rounds=4, seconds=0.03))
    return found
