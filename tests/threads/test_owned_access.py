# SPDX-License-Identifier: MIT
"""No way into a guarded instance is unchecked; and classes are made and used by many threads at once."""

from __future__ import annotations

import io
import operator
import os
import pathlib
import re
import threading
import types
from concurrent.futures import ThreadPoolExecutor

import pytest

import owned
from owned import WrongThreadError

THREADS = 8
EACH = int(os.environ.get("OWNED_TOUCHES", "10000")) // THREADS

# Every special method that the interpreter or the standard library calls on an instance, and a call that leads to it.
SPECIAL = {
    "__call__": lambda x: x(),
    "__len__": len,
    "__length_hint__": operator.length_hint,
    "__getitem__": lambda x: x[0],
    "__setitem__": lambda x: operator.setitem(x, 0, 0),
    "__delitem__": lambda x: operator.delitem(x, 0),
    "__contains__": lambda x: 1 in x,
    "__iter__": iter,
    "__next__": next,
    "__reversed__": reversed,
    "__missing__": lambda x: x.__missing__(1),
    "__bool__": bool,
    "__int__": int,
    "__float__": float,
    "__complex__": complex,
    "__index__": operator.index,
    "__round__": round,
    "__trunc__": lambda x: __import__("math").trunc(x),
    "__floor__": lambda x: __import__("math").floor(x),
    "__ceil__": lambda x: __import__("math").ceil(x),
    "__neg__": operator.neg,
    "__pos__": operator.pos,
    "__abs__": abs,
    "__invert__": operator.invert,
    "__hash__": hash,
    "__bytes__": bytes,
    "__vfspath__": lambda x: x.__vfspath__(),
    "__fspath__": lambda x: __import__("os").fspath(x),
    "__enter__": lambda x: x.__enter__(),
    "__exit__": lambda x: x.__exit__(None, None, None),
    "__aenter__": lambda x: x.__aenter__(),
    "__aexit__": lambda x: x.__aexit__(None, None, None),
    "__await__": lambda x: x.__await__(),
    "__aiter__": aiter,
    "__anext__": anext,
    "__copy__": lambda x: __import__("copy").copy(x),
    "__deepcopy__": lambda x: __import__("copy").deepcopy(x, {}),
    "__getnewargs__": lambda x: x.__getnewargs__(),
    "__dir__": dir,
    "__sizeof__": lambda x: x.__sizeof__(),
    "__get__": lambda x: x.__get__(None, type(x)),
    "__set__": lambda x: x.__set__(None, 1),
    "__delete__": lambda x: x.__delete__(None),
    "__getattr__": lambda x: x.nothing,
    "__lt__": lambda x: x < 1,
    "__le__": lambda x: x <= 1,
    "__gt__": lambda x: x > 1,
    "__ge__": lambda x: x >= 1,
    "__eq__": lambda x: x == 1,
    "__ne__": lambda x: x != 1,
}
_OPERATORS = (
    "add",
    "sub",
    "mul",
    "matmul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "lshift",
    "rshift",
    "and",
    "or",
    "xor",
)
for _name in _OPERATORS:
    _plain, _inplace = getattr(operator, f"__{_name}__"), getattr(operator, f"__i{_name}__")
    SPECIAL[f"__{_name}__"] = lambda x, f=_plain: f(x, 1)
    SPECIAL[f"__r{_name}__"] = lambda x, f=_plain: f(1, x)
    SPECIAL[f"__i{_name}__"] = lambda x, f=_inplace: f(x, 1)
SPECIAL["__divmod__"] = lambda x: divmod(x, 1)
SPECIAL["__rdivmod__"] = lambda x: divmod(1, x)

# What every thread may do with any object, and what only concerns the class.
FREE = {
    "__class__",
    "__doc__",
    "__format__",
    "__hash__",
    "__eq__",
    "__ne__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__init__",
    "__init_subclass__",
    "__module__",
    "__new__",
    "__repr__",
    "__str__",
    "__sizeof__",
    "__subclasshook__",
    "__weakref__",
}


def _touching(name):
    def method(self, *args):
        return self.field

    method.__name__ = name
    return method


@pytest.mark.parametrize("slots", [True, False])
@pytest.mark.parametrize("name", SPECIAL)
def test_special_methods(name, slots, elsewhere):
    """A class with this one special method: the operation that leads to it raises elsewhere."""
    body = {name: _touching(name), "__init__": lambda self: setattr(self, "field", 1)}
    if slots:
        body["__slots__"] = ("field",)
    x = owned.owned(type("K", (), body))()
    with pytest.raises(WrongThreadError):
        elsewhere(SPECIAL[name], x)


def test_special_methods_are_all_there():
    """The list above has every special method that the builtin types have and that is called on instances."""
    kinds = (int, float, complex, str, bytes, bytearray, list, dict, set, tuple, memoryview, property)
    kinds += (types.GeneratorType, types.CoroutineType, io.StringIO, pathlib.PurePath)
    have = {
        name
        for kind in kinds
        for name in dir(kind)
        if re.fullmatch("__[a-z]+__", name) and callable(getattr(kind, name))
    }
    of_types = {
        "__alloc__",
        "__buffer__",
        "__del__",
        "__getformat__",
        "__reduce__",
        "__getstate__",
        "__setstate__",
        "__replace__",
    }
    assert have - set(dir(object)) - of_types <= set(SPECIAL)


class Everything:
    """A value of every kind that an instance may hold."""

    def __init__(self):
        self.number, self.text, self.items, self.table, self.chosen, self.nothing = 1, "t", [1], {1: 2}, {3}, None
        self.function, self.kind, self.myself = len, int, self


FIELDS = ("number", "text", "items", "table", "chosen", "nothing", "function", "kind", "myself")


def _instances():
    slotted = type("Slotted", (), {"__slots__": FIELDS, "__init__": Everything.__init__})
    in_dict = type("InDict", (), {"__init__": Everything.__init__})
    guarded = [owned.owned(slotted), owned.owned(in_dict)]
    guarded.append(type("Both", (guarded[0],), {}))
    return [cls() for cls in guarded]


@pytest.mark.parametrize("x", _instances(), ids=lambda x: type(x).__name__)
def test_every_attribute(x):
    """Read, write and delete each attribute that dir() knows, by each function that can."""
    names = [name for name in dir(x) if name not in FREE]
    assert set(FIELDS) <= set(names)
    slotted = not hasattr(x, "__dict__")
    kind = type(x)
    for name in names:
        ways = [
            lambda: setattr(x, name, 1),  # noqa: B023 - called at once
            lambda: delattr(x, name),  # noqa: B023
        ]
        if name in FIELDS or not slotted:
            ways += [
                lambda: getattr(x, name),  # noqa: B023
                lambda: getattr(x, name, None),  # noqa: B023
                lambda: hasattr(x, name),  # noqa: B023
                lambda: operator.attrgetter(name)(x),  # noqa: B023
                lambda: kind.__getattribute__(x, name),  # noqa: B023
                lambda: kind.__setattr__(x, name, 1),  # noqa: B023
                lambda: kind.__delattr__(x, name),  # noqa: B023
            ]
        with ThreadPoolExecutor(1) as pool:
            for way in ways:
                # a class attribute of a class without a __dict__ is read-only for every thread
                expected = (WrongThreadError, AttributeError) if slotted and name not in FIELDS else WrongThreadError
                with pytest.raises(expected):
                    pool.submit(way).result(30)
    assert [getattr(x, name) for name in FIELDS[:3]] == [1, "t", [1]]


@pytest.mark.parametrize("x", _instances(), ids=lambda x: type(x).__name__)
def test_every_method_of_object(x):
    """What object's own methods do to an instance with fields raises elsewhere, or touches no field."""
    arguments = {"__setattr__": ("number", 2), "__reduce_ex__": (2,)}
    arguments["__delattr__"] = arguments["__getattribute__"] = ("number",)
    for name in sorted(set(dir(object)) - FREE - {"__dir__"}):
        with ThreadPoolExecutor(1) as pool, pytest.raises(WrongThreadError):
            pool.submit(getattr(type(x), name), x, *arguments.get(name, ())).result(30)
    assert x.number == 1


def together(function):
    """Run function(i) on THREADS threads that start as one; results in order, the first exception raised."""
    barrier = threading.Barrier(THREADS)

    def run(index):
        barrier.wait(30)
        return function(index)

    with ThreadPoolExecutor(THREADS) as pool:
        return [future.result(60) for future in [pool.submit(run, index) for index in range(THREADS)]]


def test_first_instances_at_once():
    """Eight threads make the first instances of a class: each owns its own, and all are finished alike."""
    for round_number in range(50):

        class Plain:
            def __init__(self, index):
                self.index = index

            def __repr__(self):
                return f"K({self.index})"

        K = owned.owned(Plain)
        made = together(lambda index: (K(index), threading.get_ident()))  # noqa: B023 - called at once
        names = {owned.owner(x).id for x, _ in made}
        assert len(names) == len({ident for _, ident in made})
        for x, _ in made:
            assert repr(x).startswith("<Plain at 0x"), round_number
            with pytest.raises(owned.OwnershipError):
                x.index


def test_subclasses_at_once(elsewhere):
    """Eight threads derive from one owned class and make instances; a class may come from another thread."""

    @owned.owned
    class Base:
        __slots__ = ("a",)

    def derive(index):
        K = type(f"K{index}", (Base,), {"__slots__": ("b",), "__del__": lambda self: None})
        x = K()
        x.a, x.b = index, [index]
        assert (x.a, type(x.b)) == (index, owned.List)
        return K

    for K in together(derive):
        x = K()
        x.a = x.b = 1
        with pytest.raises(WrongThreadError):
            elsewhere(lambda: x.b)  # noqa: B023 - called at once


def test_ten_thousand_touches():
    """10,000 touches of every kind from 8 threads are refused, and 10,000 legal ones pass."""
    targets = _instances()
    touches = [
        lambda x: x.number,
        lambda x: setattr(x, "number", 5),
        lambda x: delattr(x, "text"),
        lambda x: hasattr(x, "text"),
        lambda x: x.items,
        lambda x: x.__init__(),
        lambda x: type(x).__setattr__(x, "number", 6),
    ]

    def attack(_index):
        refused = 0
        for turn in range(EACH):
            try:
                touches[turn % len(touches)](targets[turn % len(targets)])
            except WrongThreadError:
                refused += 1
        return refused

    def work(_index):
        mine = _instances()
        for turn in range(EACH):
            x = mine[turn % len(mine)]
            x.number += 1
            x.items.append(turn)
        return sum(x.number - 1 for x in mine)

    assert together(attack) == [EACH] * THREADS
    assert together(work) == [EACH] * THREADS
    assert [(x.number, x.text, x.items) for x in targets] == [(1, "t", [1])] * len(targets)
