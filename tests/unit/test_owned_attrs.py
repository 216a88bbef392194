# SPDX-License-Identifier: MIT
"""@owned with attrs, in both orders."""

from __future__ import annotations

import functools
import weakref

import attrs
import pytest

import owned
from owned import WrongThreadError

ORDERS = {
    "owned above": lambda make: lambda cls: owned.owned(make(cls)),
    "owned below": lambda make: lambda cls: make(owned.owned(cls)),
}
MAKERS = {
    "define": attrs.define,
    "define dict": attrs.define(slots=False),
    "frozen": attrs.frozen,
    "frozen dict": attrs.frozen(slots=False),
    "mutable": attrs.mutable,
    "order": attrs.define(order=True, kw_only=False),
    "hash": attrs.define(unsafe_hash=True, cache_hash=True),
}


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("order", ORDERS)
def test_makers(order, maker, elsewhere):
    """The class does what attrs says, and every field is checked."""

    def body():
        class Item:
            name: str = attrs.field(converter=str, validator=attrs.validators.max_len(3))
            tags: list = attrs.field(factory=list, eq=False)
            count: int = 3

            def total(self):
                return self.count

        return Item

    plain = MAKERS[maker](body())
    Item = ORDERS[order](MAKERS[maker])(body())
    item = Item(1, [2])
    assert (item.name, item.tags, item.total()) == ("1", [2], 3)
    assert type(item.tags) is owned.List
    assert attrs.asdict(item) == {"name": "1", "tags": [2], "count": 3}
    assert attrs.evolve(item, name=2).name == "2"
    assert item == Item(1, [5])
    assert repr(item).endswith("Item(name='1', tags=[2], count=3)")
    assert hasattr(item, "__dict__") is hasattr(plain("1"), "__dict__")
    assert weakref.ref(item)() is item
    with pytest.raises(ValueError, match="name"):
        Item("long")
    if maker.startswith("frozen"):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            item.name = "c"
    else:
        item.name = 7
        assert item.name == "7"
        with pytest.raises(ValueError, match="name"):
            item.name = "long"
    if maker == "hash":
        assert hash(item) == hash(item)
    for touch in (lambda: item.name, lambda: item.total(), lambda: attrs.asdict(item), lambda: item == Item(1)):
        with pytest.raises(WrongThreadError):
            elsewhere(touch)
    assert "owned by thread" in elsewhere(repr, item)
    assert "owned by thread" in elsewhere("{}".format, item)


@pytest.mark.parametrize("order", ORDERS)
def test_on_setattr(order):
    """on_setattr hooks run, and see the value itself."""
    seen = []

    class K:
        a: list = attrs.field(factory=list, on_setattr=lambda self, attribute, value: seen.append(value) or value)

    K = ORDERS[order](attrs.define)(K)
    k = K()
    value = [1]
    k.a = value
    assert seen == [value]
    assert seen[0] is value
    assert type(k.a) is owned.List


@pytest.mark.parametrize("order", ORDERS)
def test_super_cached_property_and_post_init(order):
    """Zero-argument super(), functools.cached_property in slots and __attrs_post_init__ work."""

    class Base:
        def kind(self):
            return "base"

    class K(Base):
        a: int

        def __attrs_post_init__(self):
            self.a += 1

        def kind(self):
            return super().kind(), __class__

        @functools.cached_property
        def twice(self):
            return self.a * 2

    K = ORDERS[order](attrs.define)(K)
    k = K(1)
    assert k.kind() == ("base", K)
    assert k.twice == 4
    k.a = 5
    assert k.twice == 4


@pytest.mark.parametrize("slots", [False, True])
def test_inheritance(slots, elsewhere):
    """An attrs class derived from an owned attrs class is guarded and has both classes' fields."""

    @owned.owned
    @attrs.define(slots=slots)
    class Base:
        a: int

    @attrs.define(slots=slots)
    class Sub(Base):
        b: int = 2

        def total(self):
            return self.a + self.b

    s = Sub(1)
    assert s.total() == 3
    for touch in (lambda: s.a, lambda: s.b, lambda: s.total()):
        with pytest.raises(WrongThreadError):
            elsewhere(touch)


def test_attr_s():
    """The old names too."""
    import attr

    @owned.owned
    @attr.s(slots=True, auto_attribs=True)
    class K:
        a: int = 1

    assert K().a == 1
    assert owned.state(K()) == "private"
