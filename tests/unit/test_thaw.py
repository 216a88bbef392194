# SPDX-License-Identifier: MIT
"""thaw(): a deep mutable copy that belongs to the caller."""

from __future__ import annotations

import collections
from typing import Any

import pytest

from owned import Dict, List, freeze, frozendict, is_frozen, owned, owner, share, state, strict, thaw


class Plain:
    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)


class Slots:
    __slots__ = ("a", "b")

    def __init__(self) -> None:
        self.a = [1]


@owned
class Guarded:
    def __init__(self) -> None:
        self.items = [1, {"k": [2]}]
        self.other: Any = None


@owned
class GuardedSlots:
    __slots__ = ("items", "never_set")

    def __init__(self) -> None:
        self.items = [1, [2]]


Pair = collections.namedtuple("Pair", "a b")


def test_containers() -> None:
    """tuple, frozendict and frozenset become list, dict and set; keys, members and named tuples stay hashable."""
    thawed = thaw(freeze([1, {"k": [2], (1, 2): 3}, {4, (5, 6)}, Pair(1, (2,))]))
    assert thawed == [1, {"k": [2], (1, 2): 3}, {4, (5, 6)}, Pair(1, (2,))]
    assert [type(part) for part in thawed] == [int, dict, set, Pair]
    assert type(thawed[1]["k"]) is list
    assert thaw(frozendict(a=1)) == {"a": 1}


def test_immutable_things_are_not_copied() -> None:
    """What can never change comes back as it is."""
    for thing in (None, 1, "s", b"b", len, Plain):
        assert thaw(thing) is thing


@pytest.mark.parametrize("kind", [Plain, Slots, Guarded, GuardedSlots], ids=lambda kind: kind.__name__)
def test_instances(kind: type) -> None:
    """A frozen instance becomes an ordinary one of its class, without __init__; the frozen one is not touched."""
    x = freeze(kind())
    y: Any = thaw(x)
    assert y is not x
    assert type(y) is kind
    assert not is_frozen(y)
    for name in ("a", "items"):
        if hasattr(x, name):
            part = getattr(y, name)
            part.append(3)
            assert len(part) == len(getattr(x, name)) + 1
            setattr(y, name, None)
    assert not hasattr(y, "b")
    assert not hasattr(y, "never_set")
    assert is_frozen(x)


def test_owned_copies_belong_to_the_caller(elsewhere: Any) -> None:
    """The copy is private to the thread that thaws, containers included; another copy to another thread."""
    x = freeze(Guarded())
    mine = thaw(x)
    assert state(mine) == "private"
    assert type(mine.items) is List
    assert type(mine.items[1]) is Dict
    theirs = elsewhere(thaw, x)
    assert owner(theirs).name == "elsewhere"
    share(mine)


def test_shared_parts_and_cycles() -> None:
    """References to one object become references to one copy."""
    part = [1]
    x = Plain(a=part, b=[part], me=None)
    x.me = {"x": [x]}
    y: Any = thaw(freeze(x))
    assert y.a is y.b[0]
    assert y.me["x"][0] is y
    loop: Any = []
    loop.append(loop)
    copy: Any = thaw(freeze(loop))
    assert type(copy) is list
    assert copy[0] is copy


def test_deep() -> None:
    """No recursion, however deep."""
    thing: Any = []
    for _ in range(50_000):
        thing = Plain(next=[thing])
    copy: Any = thaw(freeze(thing))
    levels = 0
    while copy:
        copy = copy.next[0]
        levels += 1
    assert levels == 50_000


def test_not_frozen() -> None:
    """What is not frozen is refused: thaw does not copy what somebody may be changing."""
    for thing in ([1], Plain(), ([1],), Guarded()):
        with pytest.raises(TypeError, match=r"`obj` must be frozen, got an? "):
            thaw(thing)


def test_subclass_of_a_value() -> None:
    """The value and the attributes are there again."""

    class Number(int):
        pass

    n = Number(7)
    n.unit = ["m"]  # type: ignore[attr-defined]
    copy: Any = thaw(freeze(n))
    assert copy == 7
    assert type(copy) is Number
    copy.unit.append("s")
    assert n.unit == ("m",)  # type: ignore[attr-defined]


def test_equal_after_a_round() -> None:
    """For data of lists, dicts, sets and values thaw(freeze(x)) == x."""
    data = {"a": [1, [2, 3], {"b": {4, 5}}], "c": "text", "d": None}
    assert thaw(freeze(data)) == data


def test_strict_has_no_alias_to_warn_of() -> None:
    """In strict mode thaw does not warn of the lists that it makes itself, in owned classes of both kinds."""

    @owned
    class WithDict:
        def __init__(self, items: Any) -> None:
            self.items = items

    @owned(slots=True)
    class WithSlots:
        items: Any

        def __init__(self, items: Any) -> None:
            self.items = items

    with strict():
        for kind in (WithDict, WithSlots):
            thawed: Any = thaw(freeze(kind(("a", ("b",)))))
            assert thawed.items == ["a", ["b"]]
