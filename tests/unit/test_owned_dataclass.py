# SPDX-License-Identifier: MIT
"""@owned with dataclasses, in both orders."""

from __future__ import annotations

import dataclasses
from dataclasses import InitVar, dataclass, field

import pytest

import owned
from owned import WrongThreadError

ORDERS = {
    "owned above": lambda make: lambda cls: owned.owned(make(cls)),
    "owned below": lambda make: lambda cls: make(owned.owned(cls)),
}
OPTIONS = [
    {},
    {"slots": True},
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"order": True, "kw_only": False},
    {"eq": False},
    {"unsafe_hash": True},
    {"slots": True, "weakref_slot": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o) or "plain")
@pytest.mark.parametrize("order", ORDERS)
def test_options(order, options, elsewhere):
    """The dataclass does what it does without @owned, and every field is checked."""

    def define():
        class Item:
            name: str
            tags: list = field(default_factory=list)
            count: int = 3

            def total(self):
                return self.count

        return Item

    plain = dataclass(**options)(define())
    Item = ORDERS[order](dataclass(**options))(define())
    assert issubclass(Item, owned.Owned)
    assert [f.name for f in dataclasses.fields(Item)] == ["name", "tags", "count"]
    item = Item("a", [1])
    assert repr(item).replace("Item", "") == repr(plain("a", [1])).replace("Item", "")
    assert dataclasses.astuple(item) == ("a", [1], 3)
    assert dataclasses.asdict(item) == {"name": "a", "tags": [1], "count": 3}
    assert (item == Item("a", [1])) is options.get("eq", True)
    assert Item.__match_args__ == ("name", "tags", "count")
    assert type(item.tags) is owned.List
    assert dataclasses.replace(item, name="b").name == "b"
    assert hasattr(item, "__dict__") is hasattr(plain("a"), "__dict__")
    if options.get("frozen"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            item.name = "c"
        with pytest.raises(dataclasses.FrozenInstanceError):
            del item.name
    if options.get("order"):
        assert Item("a") < Item("b")
    touches = [
        lambda: item.name,
        lambda: item.total(),
        lambda: dataclasses.asdict(item),
        lambda: dataclasses.replace(item, name="z"),
        lambda: object.__setattr__(item, "name", "z") if options.get("slots") else item.tags,
    ]
    if options.get("eq", True):
        touches.append(lambda: item == Item("a"))
    for touch in touches:
        with pytest.raises(WrongThreadError):
            elsewhere(touch)
    assert "owned by thread" in elsewhere(repr, item)


@pytest.mark.parametrize("order", ORDERS)
def test_init_var_and_post_init(order):
    """InitVar fields go to __post_init__; kw_only is kept; super() works in it."""

    class Base:
        def __post_init__(self, scale):
            self.scaled = self.value * scale

    def body():
        class Reading(Base):
            value: int
            scale: InitVar[int] = 2
            unit: str = field(default="m", kw_only=True)

            def __post_init__(self, scale):
                super().__post_init__(scale)

        return Reading

    Reading = ORDERS[order](dataclass)(body())
    assert Reading(3).scaled == 6
    assert Reading(3, 5, unit="s").scaled == 15
    with pytest.raises(TypeError):
        Reading(3, 5, "s")


@pytest.mark.parametrize("slots", [False, True])
def test_inheritance(slots, elsewhere):
    """A dataclass derived from an owned dataclass adds fields, decorated or not."""

    @owned.owned
    @dataclass(slots=slots)
    class Base:
        a: int

    @dataclass(slots=slots)
    class Sub(Base):
        b: int = 2

        def both(self):
            return self.a, self.b

    s = Sub(1)
    assert (s.a, s.b) == (1, 2)
    assert s.both() == (1, 2)
    assert hasattr(s, "__dict__") is not slots
    for name in ("a", "b"):
        with pytest.raises(WrongThreadError):
            elsewhere(getattr, s, name)


def test_make_dataclass():
    """A class from make_dataclass can be guarded."""
    K = owned.owned(dataclasses.make_dataclass("K", [("a", int), ("b", list, field(default_factory=list))]))
    assert K(1) == K(1, [])


def test_pattern_matching():
    """Positional and keyword patterns read the fields."""

    @owned.owned
    @dataclass
    class P:
        x: int
        y: int

    match P(1, 2):
        case P(1, y=found):
            assert found == 2
        case _:
            raise AssertionError
