# SPDX-License-Identifier: MIT
"""Locks, and what is shared under them, with nobody else there and with two threads that want the same.

- Taking a free lock and giving it back: those of ``threading``, ours in mode checked and in strict, in strict while
  eight others are held whose order is known, and while holds are recorded for a report. The rest is in mode checked.
- Two locks: ``with a + b``, made each time or once, beside ``with a, b``.
- A reader-writer lock beside ``readerwriterlock`` and ``fasteners``. Those make a side or a context each time; ours
  has its sides, which can be kept.
- Shared access: fields in slots of an object that is shared under a lock which is held, beside the plain object; and
  the whole block, with taking and giving back.
- Two threads, each in a loop: a turn is the time until both are done, divided by how often both took the lock. That of
  readers is with fifty look-ups in a plain dict inside of each block.

No other peers: ``cereggii`` has no lock that excludes. Not measured: the first time that two locks are taken in some
order, and writers among readers.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import owned
from benchmarks.harness import REPEATS, Case, Time, entered, importable, in_threads, not_importable, statement
from benchmarks.subjects import in_mode
from owned import _core

QUESTION = "Locks and shared access"
KINDS = {"Lock": (threading.Lock, owned.Lock), "RLock": (threading.RLock, owned.RLock)}
TAKING = {"with": "with lock: pass", "acquire and release": "lock.acquire()\nlock.release()"}
THREADED: dict[str, Any] = {"rounds": 4, "seconds": 0.03}  # the interpreter switches threads each 5 ms


def missing() -> list[str]:
    return not_importable("readerwriterlock", "fasteners")


@contextlib.contextmanager
def strict(held: int = 0, recorded: int = 0) -> Iterator[None]:
    """Mode strict, so many other locks held, and the last so many holds recorded."""
    with owned.strict(), contextlib.ExitStack() as others:
        for _ in range(held):
            others.enter_context(owned.Lock())
        _core.record_holds(recorded)
        try:
            yield
        finally:
            _core.record_holds(0)


SITUATIONS: dict[str, Callable[[], contextlib.AbstractContextManager[object]]] = {
    "owned, checked": lambda: owned.configure(mode="checked"),
    "owned, strict": strict,
    "owned, strict, 8 held": lambda: strict(held=8),
    "owned, strict, recorded": lambda: strict(recorded=1000),
}


def taking() -> list[Case]:
    """A free lock, in every situation."""
    found = []
    for kind, (theirs, ours) in KINDS.items():
        for what, code in TAKING.items():
            row, peer = f"{kind}: {what}", f"threading.{kind}"
            found.append(Case(row, peer, statement(code, {"lock": theirs()}), peer, per_loop=REPEATS))
            for name, situation in SITUATIONS.items():
                time = entered(situation, statement(code, {"lock": ours()}))
                found.append(Case(row, name, time, peer, per_loop=REPEATS))
    return found


def row(what: str, subjects: dict[str, tuple[str, dict[str, Any]]], peer: str | None = None) -> list[Case]:
    """Code and its names, in mode checked; the first is the peer."""
    return [
        Case(what, name, in_mode("checked", statement(code, names)), peer or next(iter(subjects)), per_loop=REPEATS)
        for name, (code, names) in subjects.items()
    ]


def others() -> list[Case]:
    """Two locks, conditions, semaphores."""
    a, b, c, d = owned.Lock(), owned.Lock(), threading.Lock(), threading.Lock()
    found = row(
        "two Locks",
        {
            "threading: with a, b": ("with a, b: pass", {"a": c, "b": d}),
            "owned: with a, b": ("with a, b: pass", {"a": a, "b": b}),
            "owned: with a + b": ("with a + b: pass", {"a": a, "b": b}),
            "owned: with both, added before": ("with both: pass", {"both": a + b}),
        },
    )
    for kind in ("Condition", "Semaphore", "BoundedSemaphore"):
        theirs, ours = getattr(threading, kind)(), getattr(owned, kind)()
        found += row(
            f"with {kind}",
            {
                f"threading.{kind}": ("with x: pass", {"x": theirs}),
                f"owned.{kind}": ("with x: pass", {"x": ours}),
            },
        )
    return found


# Reader-writer locks.

Sides = dict[str, tuple[str, str, dict[str, Any]]]


def sides() -> Sides:
    """By name: the expression of the read side, that of the write side, and what they need."""
    ours = owned.RWLock()
    found: Sides = {
        "owned.RLock": ("lock", "lock", {"lock": owned.RLock()}),
        "threading.RLock": ("lock", "lock", {"lock": threading.RLock()}),
        "owned.RWLock": ("rw.read", "rw.write", {"rw": ours}),
        "owned.RWLock, kept side": ("reader", "writer", {"reader": ours.read, "writer": ours.write}),
    }
    if importable("readerwriterlock") is not None:
        theirs = importlib.import_module("readerwriterlock.rwlock")
        for kind in ("RWLockFair", "RWLockWrite"):
            names = {"rw": getattr(theirs, kind)()}
            found[f"readerwriterlock.{kind}"] = ("rw.gen_rlock()", "rw.gen_wlock()", names)
    if (fasteners := importable("fasteners")) is not None:
        names = {"rw": fasteners.ReaderWriterLock()}
        found["fasteners.ReaderWriterLock"] = ("rw.read_lock()", "rw.write_lock()", names)
    return found


def rwlocks() -> list[Case]:
    """Alone, and two that read."""
    peer = "threading.RLock"
    found = []
    for number, what in enumerate(("read side", "write side")):
        subjects = {name: (f"with {known[number]}: pass", known[2]) for name, known in sides().items()}
        found += row(f"RWLock: {what}", subjects, peer)
    look_ups = "    for _ in range(50): table[5]"
    for threads in (1, 2):
        for name, (side, _, names) in sides().items():
            code = f"with {side}:\n{look_ups}"
            names = {**names, "table": dict.fromkeys(range(10))}
            works = [statement(code, names, repeats=1) for _ in range(threads)]
            what = f"RWLock: read side, {threads} thread{'s' * (threads > 1)}, 50 look-ups"
            found.append(Case(what, name, in_threads(*works), peer, per_loop=threads, **THREADED))
    return found


# Shared access.

FIELDS = """
class Fields:
    __slots__ = ("value",)
    def __init__(self):
        self.value = 0
"""


def make_fields() -> Any:
    space: dict[str, Any] = {}
    exec(FIELDS, space)
    return space["Fields"]


def guards() -> dict[str, tuple[Any, Callable[[], contextlib.AbstractContextManager[object]]]]:
    """By name, a lock and what holds it."""
    lock, rlock, theirs, condition, rw = (
        owned.Lock(),
        owned.RLock(),
        threading.RLock(),
        owned.Condition(),
        owned.RWLock(),
    )
    return {
        "owned.Lock": (lock, lambda: lock),
        "owned.RLock": (rlock, lambda: rlock),
        "owned.Condition": (condition, lambda: condition),
        "owned.RWLock, write side": (rw, lambda: rw.write),
        "owned.RWLock, read side": (rw, lambda: rw.read),
        "threading.RLock": (theirs, lambda: theirs),
    }


def shared() -> list[Case]:
    """What is shared, while its lock is held; and the whole block."""
    found = []
    for what, code in {"read": "x.value", "write": "x.value = 1"}.items():
        name = f"shared {what}, lock held"
        found.append(
            Case(name, "plain slots", statement(code, {"x": make_fields()()}), "plain slots", per_loop=REPEATS)
        )
        for guard, (lock, hold) in guards().items():
            if what == "write" and guard.endswith("read side"):
                continue
            shared = owned.share(owned.owned(make_fields())(), lock=lock)
            time = entered(hold, statement(code, {"x": shared}))
            found.append(Case(name, f"shared under {guard}", time, "plain slots", per_loop=REPEATS))
    return found


def blocks() -> dict[str, dict[str, tuple[str, dict[str, Any]]]]:
    """What one or two threads do in turn, by row: the peer first."""
    lock, rlock = owned.Lock(), owned.RLock()
    return {
        "with Lock, a write": {
            "threading.Lock, unchecked": ("with lock: x.value = 1", {"lock": threading.Lock(), "x": make_fields()()}),
            "owned.Lock, checked": (
                "with lock: x.value = 1",
                {"lock": lock, "x": owned.share(owned.owned(make_fields())(), lock=lock)},
            ),
        },
        "with RLock, a write": {
            "threading.RLock, unchecked": ("with lock: x.value = 1", {"lock": threading.RLock(), "x": make_fields()()}),
            "owned.RLock, checked": (
                "with lock: x.value = 1",
                {"lock": rlock, "x": owned.share(owned.owned(make_fields())(), lock=rlock)},
            ),
        },
        "with Semaphore": {
            "threading.Semaphore": ("with lock: pass", {"lock": threading.Semaphore()}),
            "owned.Semaphore": ("with lock: pass", {"lock": owned.Semaphore()}),
        },
    }


def turns() -> list[Case]:
    """With two threads that do nothing else; and the writes with one, too."""
    found = []
    for what, subjects in blocks().items():
        if "write" in what:
            found += row(what, subjects)
        peer = next(iter(subjects))
        for name, (code, names) in subjects.items():
            works: list[Time] = [statement(code, names) for _ in range(2)]
            case = Case(f"{what}, 2 threads", name, in_threads(*works), peer, per_loop=2 * REPEATS, **THREADED)
            found.append(case)
    return found


def cases() -> list[Case]:
    return taking() + others() + rwlocks() + shared() + turns()
