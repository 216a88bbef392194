# SPDX-License-Identifier: MIT
"""What does it cost to hand over 10, 10,000 or 1,000,000 objects?

The same chain of ``@owned`` objects, each with two fields in slots: born in a ``Region`` and shared, moved and claimed,
or merged as a whole; against sharing, and moving and claiming, the chain by walking it (``share(root)``); frozen both
ways; and against a copy of as many plain objects by ``copy.deepcopy`` and by ``pickle`` there and back. Each number is
the best of the rounds, interleaved, in microseconds. Copy and pickle recurse, so they get a list of objects instead of
a chain; ``n/a``: it would take minutes.

Not measured: making the objects. The first touch of each object afterwards, which follows the region, is the last line.

    python benchmarks/bench_regions.py [--rounds N] [--most N]
"""

from __future__ import annotations

import argparse
import copy
import gc
import pickle
import sys
import sysconfig
import time
from collections.abc import Callable
from typing import Any

import owned


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


MOST_COPIED = 100_000
WAYS: dict[str, tuple[Callable[[int], Any], Callable[[Any], object]]] = {
    "share(region)": (in_region, lambda made: owned.share(made[0])),
    "share(root), object by object": (chain, owned.share),
    "move(region).claim()": (in_region, lambda made: owned.move(made[0]).claim()),
    "move(root).claim(), object by object": (chain, lambda root: owned.move(root).claim()),
    "region.merge(other)": (in_region, lambda made: owned.Region().merge(made[0])),
    "freeze(region)": (in_region, lambda made: owned.freeze(made[0])),
    "freeze(root)": (chain, owned.freeze),
    "copy.deepcopy": (plain, copy.deepcopy),
    "pickle there and back": (plain, lambda objects: pickle.loads(pickle.dumps(objects, -1))),
    "first touch of each after share(region)": (shared, touch),
}


def timed(make: Callable[[int], Any], use: Callable[[Any], object], count: int) -> float:
    """Microseconds."""
    made = make(count)
    begin = time.perf_counter_ns()
    result = use(made)
    took = (time.perf_counter_ns() - begin) / 1000
    release(made)
    del result, made
    return took


def release(made: Any) -> None:
    """Take a chain apart from its end: a million objects that hold one another die in a loop, not in a recursion."""
    root = made[1] if isinstance(made, tuple) else made
    with owned.unchecked():
        while isinstance(root, Node) and not owned.is_frozen(root):
            root.next, root = None, root.next


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most", type=int, default=1_000_000)
    options = parser.parse_args()
    build = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "GIL"
    print(f"Python {sys.version.split()[0]}, {build}; microseconds")
    counts = [count for count in (10, 10_000, 1_000_000) if count <= options.most]
    times: dict[tuple[str, int], list[float]] = {}
    gc.disable()  # a collection in the middle of one way would be counted to it
    for number in range(options.rounds):
        for count in counts:
            if count > 100_000 and number > 2:
                continue
            for name, (make, use) in WAYS.items():
                if name == "copy.deepcopy" and count > MOST_COPIED:
                    continue
                times.setdefault((name, count), []).append(timed(make, use, count))
            gc.collect()
    print(f"{'':42}" + "".join(f"{count:>16,}" for count in counts))
    for name in WAYS:
        cells = [f"{min(times[name, count]):16,.1f}" if (name, count) in times else f"{'n/a':>16}" for count in counts]
        print(f"{name:42}" + "".join(cells))


if __name__ == "__main__":
    main()
