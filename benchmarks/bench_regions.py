# SPDX-License-Identifier: MIT
"""Handing over 10, 10,000 or 1,000,000 objects as a ``Region``, beside doing it object by object.

The same chain of ``@owned`` objects, each with two fields in slots: born in a ``Region`` and shared, moved and claimed,
or merged as a whole; beside sharing, and moving and claiming, the chain by walking it (``share(root)``); frozen both
ways; and beside a copy of as many plain objects by ``copy.deepcopy`` and by ``pickle`` there and back, which recurse
and so get a list of objects instead of a chain.

The collector is off meanwhile. Not measured: making the objects. The first touch of each object afterwards, which
follows the region, is the last line.
"""

from __future__ import annotations

import copy
import gc
import pickle
import time
from collections.abc import Callable
from typing import Any

import owned
from benchmarks.harness import Case, Time

QUESTION = "Regions"


def missing() -> list[str]:
    return []


@owned.owned
class Node:
    """An object of a region."""

    __slots__ = ("next", "value")

    def __init__(self, value: int, next: Any) -> None:
        self.value = value
        self.next = next


class Plain:
    """The same, of nobody."""

    __slots__ = ("next", "value")

    def __init__(self, value: int, next: Any) -> None:
        self.value = value
        self.next = next


def chain(count: int) -> Any:
    node = None
    for value in range(count):
        node = Node(value, node)
    return node


def in_region(count: int) -> tuple[owned.Region, Any]:
    with owned.Region() as region:
        root = chain(count)
    return region, root


def plain(count: int) -> list[Plain]:
    return [Plain(value, None) for value in range(count)]


def touch(made: tuple[owned.Region, Any]) -> None:
    region, node = made
    with owned.locked(region):
        while node is not None:
            node = node.next


def shared(count: int) -> tuple[owned.Region, Any]:
    region, root = in_region(count)
    owned.share(region)
    return region, root


WAYS: dict[str, tuple[Callable[[int], Any], Callable[[Any], object]]] = {
    "share(root), object by object": (chain, owned.share),
    "share(region)": (in_region, lambda made: owned.share(made[0])),
    "move(root).claim(), object by object": (chain, lambda root: owned.move(root).claim()),
    "move(region).claim()": (in_region, lambda made: owned.move(made[0]).claim()),
    "region.merge(other)": (in_region, lambda made: owned.Region().merge(made[0])),
    "freeze(root)": (chain, owned.freeze),
    "freeze(region)": (in_region, lambda made: owned.freeze(made[0])),
    "copy.deepcopy": (plain, copy.deepcopy),
    "pickle there and back": (plain, lambda objects: pickle.loads(pickle.dumps(objects, -1))),
    "first touch of each after share(region)": (shared, touch),
}


LONG = {"copy.deepcopy", "pickle there and back", "freeze(root)", "freeze(region)"}  # seconds for the most objects
ROUNDS = {10: 5, 10_000: 4, 1_000_000: 1}  # by how many objects


def used(make: Callable[[int], Any], use: Callable[[Any], object], count: int) -> Time:
    """Seconds of the use of what was made."""

    def timed(loops: int) -> float:
        taken = 0.0
        gc.disable()
        try:
            for _ in range(loops):
                made = make(count)
                began = time.perf_counter()
                result = use(made)
                taken += time.perf_counter() - began
                release(made)
                del result, made
        finally:
            gc.enable()
        return taken

    return timed


def release(made: Any) -> None:
    """Take a chain apart from its end: a million objects that hold one another die in a loop, not in a recursion."""
    root = made[1] if isinstance(made, tuple) else made
    with owned.unchecked():
        while isinstance(root, Node) and not owned.is_frozen(root):
            root.next, root = None, root.next


def cases() -> list[Case]:
    peer = next(iter(WAYS))
    return [
        Case(f"{count:,} objects", name, used(make, use, count), peer, seconds=0.001, rounds=ROUNDS[count])
        for count in ROUNDS
        for name, (make, use) in WAYS.items()
        if count <= 10_000 or name not in LONG
    ]
