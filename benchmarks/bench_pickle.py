# SPDX-License-Identifier: MIT
"""What does it cost that an object is owned, when it goes to another process?

Pickling and unpickling of a plain and of an owned instance with the same fields (slots and __dict__), of a builtin and
a guarded list of them, of a frozen one, and of a parcel with one; a trip through a pipe; and what ``Queue.put`` adds on
the caller's thread: a look at the message, and its pickle where something guarded is in it. All in one process,
interleaved in one run: medians over the rounds in microseconds, and the median of the ratios to the plain peer of the
same round. Not measured: other processes, which see bytes; and memory.

    python benchmarks/bench_pickle.py [--rounds N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import pickle
import platform
import statistics
import sys
import sysconfig
import timeit
from collections.abc import Callable
from typing import Any

import owned
from owned._parcels import sending
from owned._processes import _pack

LOOPS = 500


class Plain:
    """The peer, with a __dict__."""

    def __init__(self) -> None:
        self.number, self.name, self.items = 1, "order", [1, 2, 3]


class PlainSlots:
    """The peer, with slots."""

    __slots__ = ("items", "name", "number")

    def __init__(self) -> None:
        self.number, self.name, self.items = 1, "order", [1, 2, 3]


@owned.owned
class Owned(Plain):
    """Under test, with a __dict__."""


@owned.owned
class OwnedSlots:
    """Under test, with slots."""

    __slots__ = ("items", "name", "number")

    def __init__(self) -> None:
        self.number, self.name, self.items = 1, "order", [1, 2, 3]


def dumps(obj: Any) -> Callable[[], object]:
    """Pickle it."""
    return lambda: pickle.dumps(obj)


def loads(obj: Any) -> Callable[[], object]:
    """Unpickle it."""
    data = pickle.dumps(obj)
    return lambda: pickle.loads(data)


def moved() -> object:
    """Make, move, pickle."""
    return pickle.dumps(owned.move(Owned()))


def piped(obj: Any) -> Callable[[], object]:
    """There and back through a pipe."""
    here, there = multiprocessing.Pipe()

    def trip() -> object:
        here.send(obj)
        return there.recv()

    return trip


def packed(obj: Any) -> Callable[[], object]:
    """What Queue.put does with it, on the caller's thread."""

    def pack() -> object:
        with sending():
            return _pack(obj)

    return pack


def cases() -> dict[str, tuple[Callable[[], object], str | None]]:
    """Name -> what is timed, and the name of its peer."""
    plain, slim, many = Plain(), PlainSlots(), [Plain() for _ in range(20)]
    return {
        "dumps, plain": (dumps(plain), None),
        "dumps, owned": (dumps(Owned()), "dumps, plain"),
        "dumps, frozen": (dumps(owned.freeze(Owned())), "dumps, plain"),
        "dumps, plain slots": (dumps(slim), None),
        "dumps, owned slots": (dumps(OwnedSlots()), "dumps, plain slots"),
        "dumps, list of 20": (dumps(many), None),
        "dumps, List of 20 owned": (dumps(owned.List(Owned() for _ in range(20))), "dumps, list of 20"),
        "make and dumps, plain": (lambda: pickle.dumps(Plain()), None),
        "make, move and dumps": (moved, "make and dumps, plain"),
        "loads, plain": (loads(plain), None),
        "loads, owned": (loads(Owned()), "loads, plain"),
        "loads, frozen": (loads(owned.freeze(Owned())), "loads, plain"),
        "loads, plain slots": (loads(slim), None),
        "loads, owned slots": (loads(OwnedSlots()), "loads, plain slots"),
        "pipe, plain": (piped(plain), None),
        "pipe, owned": (piped(Owned()), "pipe, plain"),
        "put, plain: the look": (packed(plain), "dumps, plain"),
        "put, 20 plain: the look": (packed(many), "dumps, list of 20"),
        "put, owned: look and pickle": (packed(Owned()), "dumps, plain"),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    tried = cases()
    times: dict[str, list[float]] = {name: [] for name in tried}
    for _ in range(options.rounds):
        for name, (run, _peer) in tried.items():
            times[name].append(timeit.timeit(run, number=LOOPS) / LOOPS * 1e6)
    build = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "with the GIL"
    print(f"{platform.python_implementation()} {platform.python_version()} {build}, {platform.machine()}")
    results = {}
    for name, (_run, peer) in tried.items():
        ratio = None
        if peer is not None:
            ratio = statistics.median(a / b for a, b in zip(times[name], times[peer], strict=True))
        results[name] = {"us": statistics.median(times[name]), "ratio": ratio, "peer": peer}
        beside = "" if ratio is None else f"{ratio:6.2f} times {peer}"
        print(f"{name:30}{results[name]['us']:9.2f} us {beside}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"python": sys.version, "results": results}, file, indent=2)


if __name__ == "__main__":
    main()
