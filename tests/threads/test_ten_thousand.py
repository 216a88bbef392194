# SPDX-License-Identifier: MIT
"""Ten thousand touches of every kind from eight threads: every illegal one is refused, every legal one passes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

import owned
from crowd import crowd
from guarded import Bag, Node

THREADS = 8
EACH = int(os.environ.get("OWNED_TOUCHES", "10000")) // THREADS  # ThreadSanitizer has no time for all of them


class Plain:
    """What a wrapper wraps."""

    def __init__(self) -> None:
        self.value = 1

    def method(self) -> int:
        return self.value

    def __add__(self, other: int) -> int:
        return self.value + other


def walk(things: Any) -> None:
    for _ in things:
        pass


KINDS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "read a slot": (Node, lambda x: x.name),
    "read a field": (lambda: Bag(value=1), lambda x: x.value),
    "read through a wrapper": (lambda: owned.own(Plain()), lambda x: x.value),
    "write a slot": (Node, lambda x: setattr(x, "name", "n")),
    "write a field": (lambda: Bag(value=1), lambda x: setattr(x, "value", 2)),
    "write through a wrapper": (lambda: owned.own(Plain()), lambda x: setattr(x, "value", 2)),
    "delete and write a slot": (Node, lambda x: (delattr(x, "name"), setattr(x, "name", "n"))),
    "delete and write a field": (lambda: Bag(value=1), lambda x: (delattr(x, "value"), setattr(x, "value", 2))),
    "item of a List": (lambda: owned.List([1]), lambda x: x[0]),
    "item of a Dict": (lambda: owned.Dict({0: 1}), lambda x: x[0]),
    "item of a wrapper": (lambda: owned.own([1]), lambda x: x[0]),
    "call a method of a slots class": (Node, lambda x: x.rename("n")),
    "call a method of a wrapped object": (lambda: owned.own(Plain()), lambda x: x.method()),
    "iterate over a List": (lambda: owned.List([1]), walk),
    "iterate over a Dict": (lambda: owned.Dict({0: 1}), walk),
    "iterate over a Set": (lambda: owned.Set({1}), walk),
    "iterate over a wrapper": (lambda: owned.own([1]), walk),
    "operator on a List": (lambda: owned.List([1]), lambda x: x + [1]),  # noqa: RUF005
    "operator on a Set": (lambda: owned.Set({1}), lambda x: x | {2}),
    "operator on a wrapper": (lambda: owned.own(Plain()), lambda x: x + 1),
    "method of a List": (lambda: owned.List([1]), lambda x: x.index(1)),
    "changing method of a List": (lambda: owned.List([1]), lambda x: x.reverse()),
    "method of a Dict": (lambda: owned.Dict({0: 1}), lambda x: x.get(0)),
    "changing method of a Dict": (lambda: owned.Dict({0: 1}), lambda x: x.update({0: 2})),
    "method of a Set": (lambda: owned.Set({1}), lambda x: x.isdisjoint({2})),
    "changing method of a Set": (lambda: owned.Set({1}), lambda x: x.add(2)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_foreign_touch_is_refused(kind: str) -> None:
    """Eight threads at once touch what belongs to this one; the owner touches it all the while, and is not
    disturbed.
    """
    make, touch = KINDS[kind]
    target = make()
    refused = [0] * THREADS
    owner_is_touching = threading.Event()

    def stranger(number: int) -> None:
        assert owner_is_touching.wait(30)
        for _ in range(EACH):
            try:
                touch(target)
            except owned.WrongThreadError:
                refused[number] += 1

    strangers = threading.Thread(target=crowd, args=(THREADS, stranger))
    strangers.start()
    touched_beside_them = 0
    while strangers.is_alive():
        touch(target)
        touched_beside_them += 1
        owner_is_touching.set()
    assert refused == [EACH] * THREADS
    assert touched_beside_them > 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_legal_touch_passes(kind: str) -> None:
    """Eight threads at once: each its own object, and all of them one under its lock."""
    make, touch = KINDS[kind]
    shared = owned.share(make())
    lock = owned.lock_of(shared)
    holders = 0
    most = 0

    def worker(_number: int) -> None:
        nonlocal holders, most
        mine = make()
        for _ in range(EACH // 2):
            touch(mine)
            with lock:
                holders += 1
                most = max(most, holders)
                touch(shared)
                holders -= 1

    crowd(THREADS, worker)
    assert (holders, most) == (0, 1)
