# SPDX-License-Identifier: MIT
"""Handing something over through a ``Channel``, beside ``queue.SimpleQueue``, ``queue.Queue`` and the sides for threads
of janus and culsans.

- Put and get on one thread, with nobody else there: a number, a tuple, a frozen object, an object that is moved (with
  slots; with a ``__dict__``; a list with ten), a ``Region`` of 10,000 objects. The peers pass plain objects, which stay
  everybody's.
- A pipe between two threads: one puts, the other one gets, numbers and moved objects, without a limit and with one of
  100, until all are through. The items are made before. ``SimpleQueue`` has no limit, so ``Queue`` is the peer there.

Not measured: many senders and receivers, and mode strict.
"""

from __future__ import annotations

import asyncio
import functools
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import attrs

import owned
from benchmarks.harness import REPEATS, Case, Time, importable, not_importable, statement

QUESTION = "Channels between threads"
OBJECTS = 10_000
LIMIT = 100


def missing() -> list[str]:
    return not_importable("janus", "culsans")


@owned.owned
class Slots:
    """Moved by itself, fields in slots."""

    __slots__ = ("a", "b")

    def __init__(self) -> None:
        self.a = 1
        self.b = "x"


@owned.owned
class Fields:
    """Moved by itself, fields in a __dict__."""

    def __init__(self) -> None:
        self.a = 1
        self.b = "x"


class PlainSlots:
    """The same, unguarded."""

    __slots__ = ("a", "b")

    def __init__(self) -> None:
        self.a = 1
        self.b = "x"


class PlainFields:
    """The same, unguarded."""

    def __init__(self) -> None:
        self.a = 1
        self.b = "x"


def region_of_many() -> owned.Region:
    with owned.Region() as region:
        region_of_many.kept = [Slots() for _ in range(OBJECTS)]  # type: ignore[attr-defined]  # kept alive by the function
    return region


Make = Callable[[], Any]

# what: (what our channel gets, what the others get)
ITEMS: dict[str, tuple[Make, Make]] = {
    "a number": (lambda: 1, lambda: 1),
    "a tuple of two": (lambda: (1, "x"), lambda: (1, "x")),
    "a frozen object": (lambda: owned.freeze(Fields()), PlainFields),
    "moved, slots": (Slots, PlainSlots),
    "moved, __dict__": (Fields, PlainFields),
    "moved, a list of 10": (
        lambda: owned.List([Slots() for _ in range(10)]),
        lambda: [PlainSlots() for _ in range(10)],
    ),
    f"moved, a Region of {OBJECTS:,}": (region_of_many, lambda: [PlainSlots() for _ in range(OBJECTS)]),
}


def queues(maxsize: int) -> dict[str, Make]:
    """By name, what makes one: the peer first, ours last."""
    made: dict[str, Make] = {} if maxsize else {"SimpleQueue": queue.SimpleQueue}
    made["Queue"] = lambda: queue.Queue(maxsize)
    for name in ("janus", "culsans"):
        if (module := importable(name)) is not None:
            made[name] = functools.partial(side_for_threads, module, maxsize)
    made["owned.Channel"] = lambda: owned.Channel(maxsize)
    return made


def side_for_threads(module: Any, maxsize: int) -> Any:
    """The queue's side for threads. Some versions of janus are made while an event loop runs."""

    async def make() -> Any:
        return module.Queue(maxsize).sync_q

    return asyncio.run(make())


def alone() -> list[Case]:
    """Put and get by one thread."""
    found = []
    for what, (ours, theirs) in ITEMS.items():
        for name, make in queues(0).items():
            q = make()
            item = (ours if name == "owned.Channel" else theirs)()
            timed = statement("put(item)\nget()", {"put": q.put, "get": q.get, "item": item})
            found.append(Case(f"put and get, {what}", name, timed, "SimpleQueue", per_loop=REPEATS))
    return found


def piped(make: Make, make_item: Make) -> Time:
    """Seconds until so many items have gone from one thread to another one."""

    def timed(loops: int) -> float:
        q = make()
        items = [make_item() for _ in range(loops)]
        begin = threading.Barrier(2)

        def receive() -> None:
            get = q.get
            begin.wait(60)
            for _ in range(loops):
                get()

        receiver = threading.Thread(target=receive)
        receiver.start()
        put = q.put
        begin.wait(60)
        began = time.perf_counter()
        for item in items:
            put(item)
        receiver.join()
        return time.perf_counter() - began

    return timed


def pipes() -> list[Case]:
    """One thread puts, another one gets."""
    found = []
    for maxsize in (0, LIMIT):
        limit = f", at most {maxsize}" if maxsize else ""
        for what in ("a number", "moved, slots"):
            made = queues(maxsize)
            for name, make in made.items():
                item = ITEMS[what][name != "owned.Channel"]
                found.append(Case(f"pipe{limit}, {what}", name, piped(make, item), next(iter(made))))
    return [attrs.evolve(case, rounds=4, seconds=0.03) for case in found]


def cases() -> list[Case]:
    return alone() + pipes()
