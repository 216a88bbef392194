# SPDX-License-Identifier: MIT
"""The table of what a frozen object refuses, line by line: for slots classes and dict classes, owned and plain."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest

from owned import FrozenError, freeze, owned, thaw, unchecked

REFUSALS = (FrozenError, TypeError, AttributeError)


class PlainSlots:
    __slots__ = ("a", "items")
    level = 1

    def __init__(self) -> None:
        self.a = 1
        self.items = [1, {"k": {2}}]

    def __iadd__(self, other: int) -> Any:
        self.a += other
        return self

    def __setstate__(self, state: Any) -> None:
        self.a = state


class PlainDict:
    level = 1

    def __init__(self) -> None:
        self.a = 1
        self.items = [1, {"k": {2}}]

    def __iadd__(self, other: int) -> Any:
        self.a += other
        return self

    def __setstate__(self, state: Any) -> None:
        self.a = state


class SlotsBelowSlots(PlainSlots):
    __slots__ = ("b",)

    def __init__(self) -> None:
        super().__init__()
        self.b = 2


class DictBelowSlots(PlainSlots):
    def __init__(self) -> None:
        super().__init__()
        self.b = 2


class OwnSetattr(PlainDict):
    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)


@owned
class OwnedSlots:
    __slots__ = ("a", "items")
    level = 1

    def __init__(self) -> None:
        self.a = 1
        self.items = [1, {"k": {2}}]

    def __iadd__(self, other: int) -> Any:
        self.a += other
        return self

    def __setstate__(self, state: Any) -> None:
        self.a = state


@owned
class OwnedDict:
    level = 1

    def __init__(self) -> None:
        self.a = 1
        self.items = [1, {"k": {2}}]

    def __iadd__(self, other: int) -> Any:
        self.a += other
        return self

    def __setstate__(self, state: Any) -> None:
        self.a = state


class OwnedSlotsBelow(OwnedSlots):
    __slots__ = ("b",)

    def __init__(self) -> None:
        super().__init__()
        self.b = 2


KINDS = [
    PlainSlots,
    PlainDict,
    SlotsBelowSlots,
    DictBelowSlots,
    OwnSetattr,
    OwnedSlots,
    OwnedDict,
    OwnedSlotsBelow,
]
set_class = object.__dict__["__class__"].__set__


WITH_SLOTS = [kind for kind in KINDS if any("a" in vars(base) for base in kind.__mro__)]


def slot_of(x: Any) -> Any:
    """The descriptor of the slot ``a``, wherever in the class's bases it is."""
    return next(vars(base)["a"] for base in x.__class__.__mro__ if "a" in vars(base))


def in_place(x: Any) -> None:
    x += 1


LINES: dict[str, Callable[[Any], Any]] = {
    "x.a = 1": lambda x: setattr(x, "a", 2),
    "x.new = 1": lambda x: setattr(x, "new", 2),
    "del x.a": lambda x: delattr(x, "a"),
    "object.__setattr__": lambda x: object.__setattr__(x, "a", 2),
    "object.__setattr__ over a value of the class": lambda x: object.__setattr__(x, "level", 2),
    "object.__delattr__": lambda x: object.__delattr__(x, "a"),
    "K.__setattr__": lambda x: x.__class__.__setattr__(x, "a", 2),
    "K.__delattr__": lambda x: x.__class__.__delattr__(x, "a"),
    "super().__setattr__": lambda x: super(x.__class__, x).__setattr__("a", 2),
    "super().__delattr__": lambda x: super(x.__class__, x).__delattr__("a"),
    "type(x).__setattr__": lambda x: type(x).__setattr__(x, "a", 2),
    "x.__dict__[...] = 1": lambda x: operator.setitem(x.__dict__, "a", 2),
    "del x.__dict__[...]": lambda x: operator.delitem(x.__dict__, "a"),
    "vars(x)[...] = 1": lambda x: operator.setitem(vars(x), "a", 2),
    "vars(x).update": lambda x: vars(x).update(a=2),
    "dict.__setitem__(vars(x))": lambda x: dict.__setitem__(vars(x), "a", 2),
    "dict.update(vars(x))": lambda x: dict.update(vars(x), a=2),
    "x.__dict__ = {}": lambda x: setattr(x, "__dict__", {"a": 2}),
    "object.__setattr__ of __dict__": lambda x: object.__setattr__(x, "__dict__", {"a": 2}),
    "object.__getattribute__ of __dict__": lambda x: operator.setitem(object.__getattribute__(x, "__dict__"), "a", 2),
    "x.__init__() again": lambda x: x.__init__(),
    "K.__init__(x) again": lambda x: x.__class__.__init__(x),
    "x.__setstate__": lambda x: x.__setstate__(2),
    "K.__setstate__": lambda x: x.__class__.__setstate__(x, 2),
    "x.__class__ = K": lambda x: setattr(x, "__class__", x.__class__),
    "object.__setattr__ of __class__": lambda x: object.__setattr__(x, "__class__", x.__class__),
    "the setter of object.__class__": lambda x: set_class(x, x.__class__),
    "del x.__class__": lambda x: delattr(x, "__class__"),
    "x += 1": in_place,
    "list.append": lambda x: list.append(x.items, 3),
    "list.__setitem__": lambda x: list.__setitem__(x.items, 0, 3),
    "list.__iadd__": lambda x: list.__iadd__(x.items, [3]),
    "x.items[0] = 1": lambda x: operator.setitem(x.items, 0, 3),
    "dict.__setitem__": lambda x: dict.__setitem__(x.items[1], "k", 3),
    "dict.update": lambda x: dict.update(x.items[1], k=3),
    "dict.pop": lambda x: dict.pop(x.items[1], "k"),
    "dict.__ior__": lambda x: dict.__ior__(x.items[1], {"k": 3}),
    "x.items[1][...] = 1": lambda x: operator.setitem(x.items[1], "k", 3),
    "set.add": lambda x: set.add(x.items[1]["k"], 3),
    "set.__ior__": lambda x: set.__ior__(x.items[1]["k"], {3}),
    "set.clear": lambda x: set.clear(x.items[1]["k"]),
}


SLOT_LINES: dict[str, Callable[[Any], Any]] = {
    "the slot's own descriptor, __set__": lambda x: slot_of(x).__set__(x, 2),
    "the slot's own descriptor, __delete__": lambda x: slot_of(x).__delete__(x),
    "found in the class's dict": lambda x: type(slot_of(x)).__set__(slot_of(x), x, 2),
}


def view(x: Any) -> Any:
    """All that can be seen of the object."""
    return [(name, getattr(x, name)) for name in ("a", "items", "b", "new", "level") if hasattr(x, name)]


def check_refused(kind: type, attempt: Callable[[Any], Any]) -> None:
    """The attempt raises and changes nothing, checked or not."""
    x = freeze(kind())
    before = view(x)
    with pytest.raises(REFUSALS):
        attempt(x)
    with unchecked(), pytest.raises(REFUSALS):
        attempt(x)
    assert view(x) == before
    assert isinstance(x, kind)
    assert x.__class__ is kind


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_refused(kind: type, line: str) -> None:
    """Every line of the table raises and changes nothing."""
    check_refused(kind, LINES[line])


@pytest.mark.parametrize("line", SLOT_LINES)
@pytest.mark.parametrize("kind", WITH_SLOTS, ids=lambda kind: kind.__name__)
def test_refused_by_the_slot(kind: type, line: str) -> None:
    """What the class has for a slot writes other instances and no frozen ones, and the same for slots of bases."""
    check_refused(kind, SLOT_LINES[line])
    other = kind()
    slot_of(other).__set__(other, 5)
    assert other.a == 5


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_line_works_before_freezing(kind: type) -> None:
    """The lines are real writes: an object that is not frozen accepts them."""
    worked = 0
    for attempt in LINES.values():
        x = thaw(freeze(kind()))
        try:
            attempt(x)
        except (*REFUSALS, KeyError):
            continue
        worked += 1
    assert worked >= 20


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_old_aliases_do_not_reach_it(kind: type) -> None:
    """A dict or a list that somebody held from before the freeze is no part of the frozen object any more."""
    x = kind()
    items = x.items
    attributes = vars(x) if hasattr(x, "__dict__") else None
    freeze(x)
    items.append("late")
    assert "late" not in x.items
    if attributes is not None:
        attributes["a"] = 2
        attributes["new"] = 2
        assert x.a == 1
        assert not hasattr(x, "new")


@pytest.mark.parametrize("kind", [PlainDict, OwnedDict], ids=lambda kind: kind.__name__)
def test_comparing_the_dict_does_not_leak_it(kind: type) -> None:
    """What x.__dict__ gives hands no dict to the other operand of a comparison or union."""
    caught: list[Any] = []

    class Thief:
        def __eq__(self, other: object) -> bool:
            caught.append(other)
            return False

        __hash__ = None  # type: ignore[assignment]

        def __ror__(self, other: object) -> Any:
            caught.append(other)
            return other

    x = freeze(kind())
    _ = x.__dict__ == Thief()
    _ = x.__dict__ | Thief()
    for leaked in caught:
        with pytest.raises(REFUSALS):
            leaked["a"] = 2
    assert x.a == 1


def test_frozen_error_is_a_type_error() -> None:
    """Code that expects what Python itself raises for immutable things goes on working."""
    with pytest.raises(TypeError) as caught:
        freeze(PlainSlots()).a = 2
    assert isinstance(caught.value, FrozenError)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_class_stays_open(kind: type) -> None:
    """Freezing one instance leaves other instances of the class, and the class, as writable as they were."""
    freeze(kind())
    other: Any = kind()
    other.a = 5
    other.items.append(1)
    assert other.a == 5
    del other.a
    assert not hasattr(other, "a")
    kind.late = 3  # type: ignore[attr-defined]
    assert freeze(kind()).late == 3  # type: ignore[attr-defined]
    del kind.late  # type: ignore[attr-defined]
