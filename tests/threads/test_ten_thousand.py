# SPDX-License-Identifier: MIT
"""Ten thousand touches of every kind from eight threads: every illegal one is refused, every legal one passes."""

from __future__ import annotations

import operator
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


Touch = tuple[Callable[[], Any], Callable[[Any], Any]]

KINDS: dict[str, list[Touch]] = {
    "read": [
        (Node, lambda x: x.name),
        (lambda: Bag(value=1), lambda x: x.value),
        (lambda: owned.own(Plain()), lambda x: x.value),
    ],
    "write": [
        (Node, lambda x: setattr(x, "name", "n")),
        (lambda: Bag(value=1), lambda x: setattr(x, "value", 2)),
        (lambda: owned.own(Plain()), lambda x: setattr(x, "value", 2)),
    ],
    "delete": [
        (Node, lambda x: (delattr(x, "name"), setattr(x, "name", "n"))),
        (lambda: Bag(value=1), lambda x: (delattr(x, "value"), setattr(x, "value", 2))),
        (lambda: owned.own(Plain()), lambda x: (delattr(x, "value"), setattr(x, "value", 2))),
        (lambda: owned.Dict({0: 1}), lambda x: (operator.delitem(x, 0), operator.setitem(x, 0, 1))),
    ],
    "item": [
        (lambda: owned.List([1]), lambda x: x[0]),
        (lambda: owned.Dict({0: 1}), lambda x: x[0]),
        (lambda: owned.own([1]), lambda x: x[0]),
        (lambda: owned.List([1]), lambda x: operator.setitem(x, 0, 2)),
    ],
    "call": [
        (Node, lambda x: x.rename("n")),
        (lambda: owned.own(Plain()), lambda x: x.method()),
        (lambda: owned.own(Plain().method), lambda x: x()),
    ],
    "iteration": [
        (lambda: owned.List([1]), walk),
        (lambda: owned.Dict({0: 1}), walk),
        (lambda: owned.Set({1}), walk),
        (lambda: owned.own([1]), walk),
    ],
    "operator": [
        (lambda: owned.List([1]), lambda x: x + [1]),  # noqa: RUF005
        (lambda: owned.Set({1}), lambda x: x | {2}),
        (lambda: owned.own(Plain()), lambda x: x + 1),
    ],
    "container method": [
        (lambda: owned.List([1]), lambda x: x.index(1)),
        (lambda: owned.List([1]), lambda x: x.reverse()),
        (lambda: owned.Dict({0: 1}), lambda x: x.get(0)),
        (lambda: owned.Dict({0: 1}), lambda x: x.update({0: 2})),
        (lambda: owned.Set({1}), lambda x: x.isdisjoint({2})),
        (lambda: owned.Set({1}), lambda x: x.add(2)),
    ],
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_foreign_touch_is_refused(kind: str) -> None:
    """Eight threads at once touch what belongs to this one, which touches it all the while and is not disturbed."""
    targets = [(make(), touch) for make, touch in KINDS[kind]]
    refused = [0] * THREADS
    owner_is_touching = threading.Event()

    def stranger(number: int) -> None:
        assert owner_is_touching.wait(30)
        for turn in range(EACH):
            target, touch = targets[turn % len(targets)]
            try:
                touch(target)
            except owned.WrongThreadError:
                refused[number] += 1

    strangers = threading.Thread(target=crowd, args=(THREADS, stranger))
    strangers.start()
    touched_beside_them = 0
    while strangers.is_alive():
        for target, touch in targets:
            touch(target)
        touched_beside_them += 1
        owner_is_touching.set()
    assert refused == [EACH] * THREADS
    assert touched_beside_them > 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_legal_touch_passes(kind: str) -> None:
    """Eight threads at once: each its own object, and all of them one under its lock."""
    lock = owned.RLock()
    shared = [(owned.share(make(), lock=lock), touch) for make, touch in KINDS[kind]]
    holders = most = passed = 0

    def worker(_number: int) -> None:
        nonlocal holders, most, passed
        mine = [(make(), touch) for make, touch in KINDS[kind]]
        for turn in range(EACH // 2):
            own, touch = mine[turn % len(mine)]
            touch(own)
            with lock:
                holders += 1
                most = max(most, holders)
                target, touch = shared[turn % len(shared)]
                touch(target)
                passed += 2
                holders -= 1

    crowd(THREADS, worker)
    assert (holders, most, passed) == (0, 1, THREADS * (EACH // 2) * 2)
