# SPDX-License-Identifier: MIT
"""What it costs that an object is owned, when it goes to another process.

Pickling and unpickling of a plain and of an owned instance with the same fields (slots and ``__dict__``), of a builtin
and a guarded list of them, of a frozen one, and of a parcel with one; a trip through a pipe; and what ``Queue.put``
adds on the caller's thread: a look at the message, and its pickle where something guarded is in it. All in one process.

Not measured: other processes, which see bytes; and memory.
"""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable
from typing import Any

import owned
from benchmarks.harness import Case, statement
from owned._parcels import sending
from owned._processes import _pack

QUESTION = "Going to another process"


def missing() -> list[str]:
    return []


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


def rows() -> dict[str, dict[str, Callable[[], object]]]:
    """By what is done, what does it: the peer first."""
    plain, slim, many = Plain(), PlainSlots(), [Plain() for _ in range(20)]
    return {
        "dumps": {"plain dict": dumps(plain), "owned dict": dumps(Owned()), "frozen": dumps(owned.freeze(Owned()))},
        "dumps, slots": {"plain slots": dumps(slim), "owned slots": dumps(OwnedSlots())},
        "dumps, 20 in a list": {
            "list of plain": dumps(many),
            "List of owned": dumps(owned.List(Owned() for _ in range(20))),
        },
        "loads": {"plain dict": loads(plain), "owned dict": loads(Owned()), "frozen": loads(owned.freeze(Owned()))},
        "loads, slots": {"plain slots": loads(slim), "owned slots": loads(OwnedSlots())},
        "creation, move and dumps": {"plain dict, not moved": lambda: pickle.dumps(Plain()), "owned dict": moved},
        "pipe, there and back": {"plain dict": piped(plain), "owned dict": piped(Owned())},
        "Queue.put, what is added": {
            "dumps, plain dict": dumps(plain),
            "plain dict: the look": packed(plain),
            "owned dict: the look and dumps": packed(Owned()),
        },
        "Queue.put of a list of 20, what is added": {
            "dumps, list of plain": dumps(many),
            "list of plain: the look": packed(many),
        },
    }


def cases() -> list[Case]:
    return [
        Case(what, subject, statement("run()", {"run": run}, repeats=1), next(iter(row)))
        for what, row in rows().items()
        for subject, run in row.items()
    ]
