# SPDX-License-Identifier: MIT
"""What does it cost to hand something over through a Channel?

Against ``queue.SimpleQueue``, ``queue.Queue`` and the sides for threads of janus and culsans, where they are installed,
interleaved in one run:

- put and get on one thread, with nobody else there: a number, a tuple, a frozen object, an object that is moved (with
  slots; with a ``__dict__``; a list with 10 objects), a Region of 10,000 objects. The peers pass plain objects.
- a pipe between two threads: one puts, the other one gets, numbers and moved objects, without a limit and with one of
  100.

Nanoseconds per item, and as a ratio to SimpleQueue's (to Queue's where there is a limit, which SimpleQueue does not
have). On one thread it is the best of many short runs, which other programs disturb least; between two it
is the median over the rounds. Not measured: many senders and receivers, and strict mode.

    python benchmarks/bench_channel.py [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import queue
import statistics
import sys
import sysconfig
import threading
import time
import timeit
from collections.abc import Callable
from typing import Any

import owned

LOOPS = 500
REPEATS = 40
PIPED = 30_000
OBJECTS = 10_000
LIMIT = 100


@owned.owned(slots=True)
class Slots:
    """Moved by itself, fields in slots."""

    a: int = 1
    b: str = "x"


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
        region_of_many.kept = [Slots() for _ in range(OBJECTS)]  # type: ignore[attr-defined]
    return region


# what: (what our channel gets, what the others get)
ITEMS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
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


def peers(maxsize: int) -> dict[str, Callable[[], Any]]:
    """Who is measured, by name: what makes a queue of it."""
    made: dict[str, Callable[[], Any]] = {} if maxsize else {"SimpleQueue": queue.SimpleQueue}
    made["Queue"] = lambda: queue.Queue(maxsize)
    made["Channel"] = lambda: owned.Channel(maxsize)
    for name in ("janus", "culsans"):
        try:
            module = __import__(name)
        except ImportError:
            continue
        made[f"{name} {importlib.metadata.version(name)}"] = lambda module=module: side_for_threads(module, maxsize)
    return made


def side_for_threads(module: Any, maxsize: int) -> Any:
    """The queue's side for threads. Some versions of janus are made while an event loop runs."""

    async def make() -> Any:
        return module.Queue(maxsize).sync_q

    return asyncio.run(make())


def alone(make: Callable[[], Any], item: Any) -> float:
    """Nanoseconds for put and get by one thread."""
    names = {"put": (q := make()).put, "get": q.get, "item": item}
    timer = timeit.Timer("put(item); get()", globals=names)
    empty = min(timeit.repeat("pass", number=LOOPS, repeat=REPEATS))
    return (min(timer.repeat(REPEATS, LOOPS)) - empty) / LOOPS * 1e9


def piped(make: Callable[[], Any], make_item: Callable[[], Any]) -> float:
    """Nanoseconds per item from one thread to another one."""
    q = make()
    items = [make_item() for _ in range(PIPED)]
    start = threading.Barrier(2)

    def receive() -> None:
        get = q.get
        start.wait()
        for _ in range(PIPED):
            get()

    receiver = threading.Thread(target=receive)
    receiver.start()
    put = q.put
    start.wait()
    began = time.perf_counter()
    for item in items:
        put(item)
    receiver.join()
    return (time.perf_counter() - began) / PIPED * 1e9


Times = dict[tuple[str, str], list[float]]


def measure(rounds: int) -> Times:
    times: Times = {}
    for _ in range(rounds):
        for what, (ours, theirs) in ITEMS.items():
            for name, make in peers(0).items():
                item = (ours if name == "Channel" else theirs)()
                times.setdefault((f"one thread, {what}", name), []).append(alone(make, item))
        for maxsize in (0, LIMIT):
            limit = f", at most {maxsize}" if maxsize else ""
            for what in ("a number", "moved, slots"):
                ours, theirs = ITEMS[what]
                for name, make in peers(maxsize).items():
                    taken = piped(make, ours if name == "Channel" else theirs)
                    times.setdefault((f"two threads{limit}, {what}", name), []).append(taken)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    times = measure(parser.parse_args().rounds)
    build = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "GIL"
    print(f"Python {sys.version.split()[0]}, {build}")
    for missing in sorted({"janus", "culsans"} - {name.split()[0] for _, name in times}):
        print(f"not installed here: {missing}")
    for (what, name), own_times in times.items():
        base = times.get((what, "SimpleQueue")) or times[what, "Queue"]
        middle = min if what.startswith("one thread") else statistics.median
        print(f"{what:42} {name:15} {middle(own_times):9.0f} ns {middle(own_times) / middle(base):7.2f}")


if __name__ == "__main__":
    main()
