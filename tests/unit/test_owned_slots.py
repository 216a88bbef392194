# SPDX-License-Identifier: MIT
"""@owned on classes whose fields are in slots, and the slots=True option."""

from __future__ import annotations

import inspect
import weakref
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

import owned
from owned import WrongThreadError


def test_declared_slots_are_checked(elsewhere):
    """Reads, writes and deletes of each slot raise elsewhere, private names and object's accessors included."""

    @owned.owned
    class Point:
        __slots__ = ("__y", "x")

        def __init__(self):
            self.x = 1
            self.__y = 2

        def y(self):
            return self.__y

    p = Point()
    assert (p.x, p.y()) == (1, 2)
    assert Point.__slots__ == ("__y", "x")
    assert not hasattr(p, "__dict__")
    touches = [
        lambda: p.x,
        lambda: setattr(p, "x", 3),
        lambda: delattr(p, "x"),
        lambda: p.y(),
        lambda: p._Point__y,
        lambda: object.__getattribute__(p, "x"),
        lambda: object.__setattr__(p, "x", 3),
        lambda: object.__delattr__(p, "x"),
        lambda: Point.x.__get__(p),
        lambda: Point.x.__set__(p, 3),
        lambda: Point.x.__delete__(p),
        lambda: setattr(p, "__class__", Point),
        lambda: object.__setattr__(p, "__class__", Point),
    ]
    for touch in touches:
        with pytest.raises(WrongThreadError):
            elsewhere(touch)
    assert (p.x, p.y()) == (1, 2)


_ALL = ("a", "__dict__", "__weakref__")
_FORMS = [
    (lambda names: names[0], _ALL[:1]),
    (tuple, _ALL[:1]),
    (list, _ALL),
    (lambda names: dict.fromkeys(names, "documented"), _ALL),
    (iter, _ALL[:1]),
    (iter, _ALL),
    (tuple, _ALL[:2]),
    (tuple, (_ALL[0], _ALL[2])),
]


@pytest.mark.parametrize(("form", "names"), _FORMS)
def test_forms_of_slots(form, names, elsewhere):
    """Every way to write __slots__ gives the room that it gives a plain class."""
    declared = form(names)
    plain = type("K", (), {"__slots__": declared})
    guarded = owned.owned(plain)
    x = guarded()
    x.a = 1
    for name, give in (("__dict__", vars), ("__weakref__", weakref.ref)):
        if name in names:
            give(x)
        else:
            with pytest.raises(TypeError):
                give(x)
    with pytest.raises(WrongThreadError):
        elsewhere(lambda: x.a)
    plain().a = 2


def test_documented_slots_keep_their_doc():
    """__slots__ as a dict gives each slot its docstring; inspect finds it."""

    @owned.owned
    class K:
        __slots__ = {"a": "the first"}

    assert K.__slots__ == {"a": "the first"}
    assert inspect.getdoc(K.a) == "the first"
    assert inspect.ismemberdescriptor(K.a)
    assert K.a.__name__ == "a"
    assert K.a.__objclass__ is K


def test_slots_option(elsewhere):
    """slots=True makes slots of annotated fields; ClassVars, methods and unannotated attributes stay class
    attributes.
    """

    @owned.owned(slots=True)
    class Account:
        owner: str
        balance: int = 0
        __secret: str = "s"
        rate: ClassVar[float] = 0.1
        kind: "ClassVar[str]"  # noqa: UP037 - a string in a string is read too
        BANK = "b"

        def deposit(self, amount):
            self.balance += amount

        @property
        def secret(self):
            return self.__secret

    assert Account.__slots__ == ("owner", "balance", "_Account__secret", "__weakref__")
    a = Account()
    assert not hasattr(a, "__dict__")
    assert (a.balance, a.secret, a.rate, a.BANK, Account.balance) == (0, "s", 0.1, "b", 0)
    a.deposit(5)
    assert a.balance == 5
    assert Account().balance == 0
    del a.balance
    assert a.balance == 0
    with pytest.raises(AttributeError, match="balance"):
        del a.balance
    with pytest.raises(AttributeError, match="owner"):
        a.owner
    with pytest.raises(AttributeError):
        a.other = 1
    weakref.ref(a)
    for touch in (lambda: a.balance, lambda: a.deposit(1), lambda: a.secret, lambda: hasattr(a, "owner")):
        with pytest.raises(WrongThreadError):
            elsewhere(touch)


def test_slots_option_inherits(elsewhere):
    """A subclass with slots=True adds its own fields; one without gets a __dict__, and all of it is checked."""

    @owned.owned(slots=True)
    class Base:
        a: int = 1

    @owned.owned(slots=True)
    class Sub(Base):
        b: int = 2

    class Loose(Sub):
        c = 3

    s, d = Sub(), Loose()
    assert Sub.__slots__ == ("b",)
    assert (s.a, s.b, d.a, d.b, d.c) == (1, 2, 1, 2, 3)
    assert not hasattr(s, "__dict__")
    d.e = 4
    for x, names in ((s, "ab"), (d, "abce")):
        for name in names:
            with pytest.raises(WrongThreadError):
                elsewhere(getattr, x, name, None)


def test_slots_option_leaves_declared_slots():
    """A class that declares its slots keeps them."""

    @owned.owned(slots=True)
    class K:
        __slots__ = ("a",)
        b: int

    assert K.__slots__ == ("a",)


def test_slots_option_above_dataclass(elsewhere):
    """The defaults of @dataclass's __init__ stay; the fields are slots."""

    @owned.owned(slots=True)
    @dataclass
    class K:
        a: int
        b: int = 2
        c: list = field(default_factory=list)

    k = K(1)
    assert k == K(1, 2, [])
    assert not hasattr(k, "__dict__")
    assert type(k.c) is owned.List
    with pytest.raises(WrongThreadError):
        elsewhere(lambda: k.b)


def test_slots_option_below_dataclass():
    """A plain default works there too; an unfinished field() is refused with the way out."""

    @dataclass
    @owned.owned(slots=True)
    class K:
        a: int
        b: int = 2

    assert K(1).b == 2
    assert not hasattr(K(1), "__dict__")

    with pytest.raises(TypeError, match="above @dataclass"):

        @dataclass
        @owned.owned(slots=True)
        class L:
            a: list = field(default_factory=list)


def test_descriptors_are_no_fields():
    """An annotated attribute that is a descriptor or a function stays what it is."""

    class Ten:
        def __get__(self, obj: Any, kind: Any = None) -> int:
            return 10

        def __set__(self, obj: Any, value: Any) -> None:
            raise AttributeError("no")

    @owned.owned(slots=True)
    class K:
        ten: int = Ten()
        plain: int

    assert K.__slots__ == ("plain", "__weakref__")
    assert K().ten == 10


def test_settles(elsewhere):
    """A plain container stored in a slot is a guarded one, by whatever way it is stored."""

    @owned.owned
    class K:
        __slots__ = ("a",)

    k = K()
    for store in (lambda v: setattr(k, "a", v), lambda v: object.__setattr__(k, "a", v), lambda v: K.a.__set__(k, v)):
        store([1])
        assert type(k.a) is owned.List
        kept = k.a
        with pytest.raises(WrongThreadError):
            elsewhere(len, kept)


def test_slot_of_another_class():
    """A checked slot refuses what is no instance of its class, as a slot does."""

    @owned.owned
    class K:
        __slots__ = ("a",)

    with pytest.raises(TypeError, match="doesn't apply"):
        K.a.__get__(object())
    with pytest.raises(TypeError, match="doesn't apply"):
        K.a.__set__(object(), 1)
    assert repr(K.a) == "<checked slot 'a' of 'K' objects>"


def test_alias_of_a_slot(elsewhere):
    """A slot under a second name is checked under both."""

    @owned.owned
    class K:
        __slots__ = ("a",)

    K.b = K.a

    class L(K):
        __slots__ = ()
        c = K.a

    x = L()
    x.c = 1
    assert (x.a, x.b, x.c) == (1, 1, 1)
    for name in "abc":
        with pytest.raises(WrongThreadError):
            elsewhere(getattr, x, name)
