# SPDX-License-Identifier: MIT
"""Decorated methods: a call with nothing in it, on one thread, without contention.

The peer is an undecorated method of the same class. Beside ours: ``wrapt.synchronized``, ``wrapt.decorator`` with
nothing in it, and ``with self._lock:`` written by hand with ``threading.RLock``, all on a plain class.

Not measured: contention, coroutines and generators.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import wrapt

import owned
from benchmarks.harness import REPEATS, Case, entered, statement

QUESTION = "Decorated methods"


def missing() -> list[str]:
    return []


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


def subjects() -> dict[str, tuple[Any, str]]:
    """What is measured: the object and the method."""
    plain, private, shared, held = Plain(), Guarded(), owned.share(Guarded()), owned.share(Guarded())
    frozen = owned.freeze(Guarded())
    return {
        "plain class": (plain, "nothing"),
        "with self._lock: by hand": (plain, "by_hand"),
        "wrapt.synchronized": (plain, "by_wrapt"),
        "wrapt.decorator": (plain, "through_wrapt"),
        "owned slots": (private, "nothing"),
        "@synchronized, private": (private, "synchronized"),
        "@synchronized, frozen": (frozen, "synchronized"),
        "@synchronized, shared": (shared, "synchronized"),
        "@synchronized, lock held already": (held, "synchronized"),
        "@reads, frozen": (frozen, "reads"),
        "@requires, lock held": (held, "requires"),
    }


def _itself(lock: AbstractContextManager[object]) -> AbstractContextManager[object]:
    return lock


def cases() -> list[Case]:
    found = []
    for name, (obj, method) in subjects().items():
        timed = statement(f"x.{method}()", {"x": obj})
        lock: Any = owned.lock_of(obj) if name.endswith(("lock held", "held already")) else None
        if lock is not None:
            timed = entered(partial(_itself, lock), timed)
        found.append(Case("method call", name, timed, "plain class", per_loop=REPEATS))
    return found
