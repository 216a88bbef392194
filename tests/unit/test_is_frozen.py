# SPDX-License-Identifier: MIT
"""is_frozen(): would freeze() change nothing?"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from owned import List, freeze, frozendict, is_frozen, owned


class Plain:
    pass


@owned
class Guarded:
    def __init__(self) -> None:
        self.a = 1


def nested(depth: int, leaf: Any) -> Any:
    thing = leaf
    for _ in range(depth):
        thing = (thing,)
    return thing


@pytest.mark.parametrize(
    "thing",
    [None, 1, "s", (), (1, ("x", 2.0)), frozenset({(1, 2)}), frozendict(a=1), len, int, Ellipsis, nested(100_000, 1)],
    ids=lambda thing: type(thing).__name__,
)
def test_immutable(thing: Any) -> None:
    """What cannot change is frozen, without anybody having called freeze."""
    assert is_frozen(thing)
    assert freeze(thing) is thing


@pytest.mark.parametrize(
    "make",
    [
        list, dict, set, bytearray, Plain, Guarded, List, threading.Lock,
        lambda: ([],), lambda: (1, (2, [3])), lambda: frozendict(a=[1]), lambda: nested(100_000, []), lambda: [].append,
        lambda: frozenset({Plain()}),
    ],
)  # fmt: skip
def test_mutable(make: Any) -> None:
    """What can change, or reaches something that can, is not."""
    assert not is_frozen(make())


def test_after_freeze() -> None:
    """What freeze returned is frozen; what it was made from is not, unless it was frozen in place."""
    source = [Plain(), Guarded()]
    frozen = freeze(source)
    assert is_frozen(frozen)
    assert is_frozen(source[0])
    assert is_frozen(source[1])
    assert not is_frozen(source)


def test_looks_without_touching(elsewhere: Any) -> None:
    """An object of another thread may be asked about."""
    theirs = elsewhere(Guarded)
    assert not is_frozen(theirs)
    assert not is_frozen((theirs,))
    assert is_frozen(elsewhere(lambda: freeze(Guarded())))


def test_wrong_arguments() -> None:
    """One positional argument, no keywords."""
    for call in (is_frozen, freeze):
        with pytest.raises(TypeError):
            call()  # type: ignore[call-arg]
        with pytest.raises(TypeError):
            call(obj=1)  # type: ignore[call-arg]
