# SPDX-License-Identifier: MIT
"""What does a decorated method cost? A call with nothing in it, on one thread, without contention.

An undecorated method of the same class is 1.0. Beside ours: wrapt.synchronized, wrapt.decorator with nothing in it, and
``with self._lock:`` written by hand with threading.RLock, all on a plain class; interleaved in one run. Each number
is the least of the rounds, in nanoseconds with the empty loop taken off, and as a ratio to the undecorated method of
that class, measured in the same rounds. Not measured: contention, coroutines and generators.

    python benchmarks/bench_decorators.py [--rounds N]
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import sys
import threading
import timeit
from typing import Any

import wrapt

import owned

LOOPS = 20_000


@wrapt.decorator
def through(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    return wrapped(*args, **kwargs)


class Plain:
    """What others do, on a plain class."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.value = 1

    def nothing(self) -> None:
        """A call of this kind."""

    def by_hand(self) -> None:
        """A call of this kind."""
        with self._lock:
            pass

    @wrapt.synchronized
    def by_wrapt(self) -> None:
        """A call of this kind."""

    @through
    def through_wrapt(self) -> None:
        """A call of this kind."""


@owned.owned
class Guarded:
    """Ours."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 1

    def nothing(self) -> None:
        """A call of this kind."""

    @owned.synchronized
    def synchronized(self) -> None:
        """A call of this kind."""

    @owned.reads
    def reads(self) -> None:
        """A call of this kind."""

    @owned.requires
    def requires(self) -> None:
        """A call of this kind."""


def subjects() -> dict[str, tuple[Any, str, str]]:
    """What is measured: the object, the method, and the method it is compared with."""
    plain, private, shared = Plain(), Guarded(), owned.share(Guarded())
    held = owned.share(Guarded())
    owned.lock_of(held).acquire()
    frozen = owned.freeze(Guarded())
    is_c = importlib.util.find_spec("wrapt._wrappers") is not None
    return {
        "undecorated, plain class": (plain, "nothing", "nothing"),
        "with self._lock: by hand": (plain, "by_hand", "nothing"),
        f"wrapt.synchronized ({'C' if is_c else 'Python'})": (plain, "by_wrapt", "nothing"),
        f"wrapt.decorator ({'C' if is_c else 'Python'})": (plain, "through_wrapt", "nothing"),
        "undecorated, owned slots": (private, "nothing", "nothing"),
        "@synchronized, private": (private, "synchronized", "nothing"),
        "@synchronized, frozen": (frozen, "synchronized", "nothing"),
        "@synchronized, shared": (shared, "synchronized", "nothing"),
        "@synchronized, lock held already": (held, "synchronized", "nothing"),
        "@reads, frozen": (frozen, "reads", "nothing"),
        "@requires, lock held": (held, "requires", "nothing"),
    }


def call(obj: Any, method: str) -> float:
    """Nanoseconds of one call."""
    return timeit.timeit(f"x.{method}()", globals={"x": obj}, number=LOOPS) / LOOPS * 1e9


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in subjects()}
    measured = subjects()
    empties: list[float] = []
    for _ in range(rounds):
        empties.append(timeit.timeit("pass", number=LOOPS) / LOOPS * 1e9)
        for name, (obj, method, peer) in measured.items():
            times[name].append((call(obj, method), call(obj, peer)))
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    print(f"CPython {platform.python_version()}, GIL {'on' if gil else 'off'}, wrapt {wrapt.__version__}")
    for name, pairs in times.items():
        own, peer = (min(times) - min(empties) for times in zip(*pairs, strict=True))
        print(f"{name:36} {own:8.0f} ns   {own / peer:6.2f}")


if __name__ == "__main__":
    main()
