# SPDX-License-Identifier: MIT
"""Copies and pickles of guarded instances: each belongs to the thread that made it."""

from __future__ import annotations

import copy
import copyreg
import pickle
from dataclasses import dataclass, field

import attrs
import pytest

import owned
from owned import WrongThreadError


class _Same:
    def __eq__(self, other):
        return type(self) is type(other) and self.state() == other.state()

    __hash__ = None


@owned.owned
class InDict(_Same):
    def __init__(self, a, b):
        self.a, self.b = a, b

    def state(self):
        return self.a, self.b


@owned.owned
class InSlots(_Same):
    __slots__ = ("__b", "a")

    def __init__(self, a, b):
        self.a, self.__b = a, b

    def state(self):
        return self.a, self.__b


class InBoth(InSlots):
    def __init__(self, a, b):
        super().__init__(a, b)
        self.c = [b]

    def state(self):
        return *super().state(), self.c


@owned.owned
@dataclass
class Data:
    a: int
    b: list = field(default_factory=list)


@owned.owned
@dataclass(slots=True, frozen=True)
class FrozenData:
    a: int
    b: list = field(default_factory=list)


@owned.owned
@attrs.define
class Attrs:
    a: int
    b: list = attrs.field(factory=list)


@owned.owned
class WithState(InDict):
    def __getstate__(self):
        return {"both": (self.a, self.b)}

    def __setstate__(self, state):
        self.a, self.b = state["both"]


@owned.owned
class WithReduce(InSlots):
    __slots__ = ()

    def __reduce__(self):
        return WithReduce, self.state()


@owned.owned
class WithNewArgs(InDict):
    def __new__(cls, *args, known):
        self = super().__new__(cls)
        self.known = known
        return self

    def __init__(self, a, b, known):
        super().__init__(a, b)

    def __getnewargs_ex__(self):
        return (), {"known": self.known}


@owned.owned
class Registered(InDict):
    pass


copyreg.pickle(Registered, lambda x: (Registered, x.state()))

KINDS = [InDict, InSlots, InBoth, Data, FrozenData, Attrs, WithState, WithReduce, Registered]
WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda x, protocol=protocol: pickle.loads(pickle.dumps(x, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "pickle in Python": lambda x: pickle._loads(pickle._dumps(x)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(kind, way, elsewhere):
    """An equal instance of the same class that belongs to the thread that made it, with guarded containers in it."""
    x = kind(1, [2, [3]])
    y = WAYS[way](x)
    assert type(y) is kind
    assert y is not x
    assert y == x
    with pytest.raises(WrongThreadError):
        elsewhere(getattr, y, "a")
    with pytest.raises(WrongThreadError):
        elsewhere(WAYS[way], x)

    def there():
        made = kind(1, [2, [3]])
        mine = WAYS[way](made)
        return mine, mine == made

    z, equal = elsewhere(there)
    assert equal
    assert owned.owner(z).name == "elsewhere"
    inside = getattr(y, "b", None)
    assert inside is None or type(inside) is owned.List


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_new_args(protocol):
    """__getnewargs_ex__ reaches __new__."""
    x = WithNewArgs(1, [2], known=3)
    y = pickle.loads(pickle.dumps(x, protocol))
    assert (y.known, y.state()) == (3, (1, [2]))


def test_unpickled_on_another_thread(elsewhere):
    """A pickle is a hand-over by copy."""
    data = pickle.dumps(InDict(1, [2]))
    y = elsewhere(pickle.loads, data)
    with pytest.raises(owned.OwnershipError):
        y.a


def test_empty_instances():
    """No fields, no state."""

    @owned.owned
    class Empty:
        pass

    assert Empty().__getstate__() is None
    assert type(copy.copy(Empty())) is Empty


def test_deepcopy_keeps_cycles():
    """A cycle of instances comes back as a cycle."""
    x = InDict(1, [])
    x.b.append(x)
    y = copy.deepcopy(x)
    assert y.b[0] is y
