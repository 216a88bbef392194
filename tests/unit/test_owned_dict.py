# SPDX-License-Identifier: MIT
"""@owned on classes whose instances have a __dict__."""

from __future__ import annotations

import functools

import pytest

import owned
from owned import WrongThreadError


@owned.owned
class Account:
    """An account."""

    limit = 100
    tags = ["class"]

    def __init__(self):
        self.balance = 1

    def deposit(self, amount):
        self.balance += amount

    @property
    def double(self):
        return self.balance * 2

    @double.setter
    def double(self, value):
        self.stored = value
        self.given = type(value)

    @functools.cached_property
    def history(self):
        return [self.balance]

    def fields(self):
        return vars(self)


def test_every_way_to_an_attribute(elsewhere):
    """Reads, writes, deletes, calls, class defaults and the dict itself raise elsewhere."""
    a = Account()
    touches = [
        lambda: a.balance,
        lambda: a.limit,
        lambda: a.deposit,
        lambda: a.double,
        lambda: a.history,
        lambda: a.missing,
        lambda: hasattr(a, "missing"),
        lambda: hasattr(a, "balance"),
        lambda: getattr(a, "missing", None),
        lambda: setattr(a, "balance", 2),
        lambda: setattr(a, "new", 2),
        lambda: setattr(a, "double", 2),
        lambda: setattr(a, "__dict__", {}),
        lambda: setattr(a, "__class__", Account),
        lambda: delattr(a, "balance"),
        lambda: vars(a),
        lambda: a.__dict__,
        lambda: dir(a),
        lambda: Account.deposit(a, 1),
        lambda: Account.__getattribute__(a, "balance"),
        lambda: Account.__setattr__(a, "balance", 2),
        lambda: Account.__delattr__(a, "balance"),
        lambda: a.__getstate__(),
        lambda: a.__reduce_ex__(4),
        lambda: object.__reduce_ex__(a, 4),
        lambda: object.__dir__(a),
    ]
    for touch in touches:
        with pytest.raises(WrongThreadError):
            elsewhere(touch)
    assert vars(a) == {"balance": 1}


def test_what_every_thread_may(elsewhere):
    """Identity, type, hash and repr are not checked."""
    a = Account()
    assert elsewhere(lambda: (a is a, type(a), a.__class__, isinstance(a, Account), a == a, hash(a))) == (
        True,
        Account,
        Account,
        True,
        True,
        hash(a),
    )
    assert "owned by thread 'MainThread'" in elsewhere(repr, a)


def test_class_attributes_as_defaults():
    """A class attribute is the default until the instance has its own; a list of the class stays the class's."""
    a = Account()
    assert a.limit == 100
    a.limit = 5
    assert (a.limit, Account.limit) == (5, 100)
    assert a.tags is Account.tags
    assert "tags" not in vars(a)


def test_property_setter_gets_the_value_itself():
    """The value is settled where it is stored, not before the property's setter."""
    a = Account()
    a.double = [1]
    assert a.given is list
    assert type(a.stored) is owned.List


def test_own_setattr_gets_the_value_itself():
    """The same for a __setattr__ of the class's own."""
    seen = []

    @owned.owned
    class K:
        def __setattr__(self, name, value):
            seen.append(type(value))
            super().__setattr__(name, value)

    k = K()
    k.a = {}
    assert seen == [dict]
    assert type(k.a) is owned.Dict


def test_containers_around_setattr_are_settled_when_read(elsewhere):
    """cached_property, vars(x) and object.__setattr__ store plain containers; what is read is guarded, and always the
    same.
    """

    class Plain:
        def __setattr__(self, name, value):
            object.__setattr__(self, name, value)

    @owned.owned
    class K(Plain):
        pass

    a, k = Account(), K()
    k.a = [1]
    vars(a)["direct"] = {1}
    a.__dict__["deep"] = [[1]]
    reads = [lambda: a.history, lambda: k.a, lambda: a.direct, lambda: a.deep, lambda: a.deep[0]]
    for read, kind in zip(reads, (owned.List, owned.List, owned.Set, owned.List, owned.List), strict=True):
        value = read()
        assert type(value) is kind
        assert read() is value
        with pytest.raises(WrongThreadError):
            elsewhere(len, value)
    assert type(a.__dict__) is dict
    assert a.fields() is a.__dict__


def test_dict_assignment():
    """x.__dict__ = {...} replaces the fields, and the dict is the one that was given."""
    a = Account()
    fields = {"balance": 7, "more": [1]}
    a.__dict__ = fields
    assert a.__dict__ is fields
    assert a.balance == 7
    assert type(a.more) is owned.List


def test_object_setattr_works_for_the_owner():
    """object.__setattr__ and __delattr__ do for a guarded instance what they do for any (3.11 and 3.12 are strict
    there).
    """
    a = Account()
    object.__setattr__(a, "balance", 5)
    assert a.balance == 5
    object.__delattr__(a, "balance")
    assert not hasattr(a, "balance")
    for call in (lambda: a.__setattr__(1, 2), lambda: a.__delattr__(1), lambda: a.__setattr__("a")):
        with pytest.raises(TypeError):
            call()


def test_getattr_fallback(elsewhere):
    """__getattr__ answers for missing names on the owner's thread, and hides nothing from the check elsewhere."""

    @owned.owned
    class K:
        def __getattr__(self, name):
            return name.upper()

    @owned.owned
    class S:
        __slots__ = ("a",)

        def __getattr__(self, name):
            return name.upper()

    for x in (K(), S()):
        assert x.missing == "MISSING"
        assert x.a == "A"
        x.a = 1
        assert x.a == 1
        with pytest.raises(WrongThreadError):
            elsewhere(getattr, x, "a")


def test_own_getattribute(elsewhere):
    """A __getattribute__ that goes on with super() is checked."""

    @owned.owned
    class K:
        def __getattribute__(self, name):
            return super().__getattribute__(name)

    k = K()
    k.a = 1
    assert k.a == 1
    with pytest.raises(WrongThreadError):
        elsewhere(lambda: k.a)


def test_own_dir():
    """__dir__ and the default dir() work on the owner's thread."""

    @owned.owned
    class K:
        def __dir__(self):
            return ["b", "a"]

    assert dir(K()) == ["a", "b"]
    assert "balance" in dir(Account())


def test_reentrant_setattr():
    """A __setattr__ that writes other attributes, and a property that deletes itself, do not confuse the write."""

    @owned.owned
    class K:
        def __setattr__(self, name, value):
            if name == "a":
                self.log = [name]
                self.__dict__.clear()
            super().__setattr__(name, value)

    k = K()
    k.a = [1]
    assert vars(k) == {"a": [1]}


def test_identity_survives_other_keys():
    """Keys of other kinds in vars(x), with hostile __eq__ and __hash__, break nothing."""

    class Hostile(str):
        __slots__ = ()

        def __hash__(self):
            return hash("balance")

        def __eq__(self, other):
            raise RuntimeError("eq")

    a = Account()
    with pytest.raises(RuntimeError, match="eq"):
        vars(a)[Hostile("balance")] = [1]
    a.balance = [1]
    assert a.balance == [1]
