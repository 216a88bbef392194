# SPDX-License-Identifier: MIT
"""owned.Set on the thread that owns it: a real set."""

from __future__ import annotations

import collections.abc
import copy
import inspect
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import owned
from memory import out_of_memory


class MySet(owned.Set[Any]):
    pass


class Key(owned.List[Any]):
    """A guarded object that can be in a set."""

    __hash__ = object.__hash__


def test_is_a_set() -> None:
    """isinstance, the abstract base classes and repr take it for a set; subclasses show their own name."""
    value = owned.Set([1])
    assert isinstance(value, set)
    assert isinstance(value, collections.abc.MutableSet)
    assert repr(value) == str(value) == "Set({1})"
    assert repr(owned.Set()) == "Set()"
    assert repr(MySet([1])) == "MySet({1})"
    assert owned.Set[int].__origin__ is owned.Set
    with pytest.raises(TypeError, match="unhashable"):
        hash(value)
    with pytest.raises(TypeError):
        owned.Set(iterable=[])
    with pytest.raises(TypeError):
        owned.Set([], [])
    with pytest.raises(TypeError, match="unhashable"):
        owned.Set([[]])


@pytest.mark.parametrize("name", ["add", "discard", "union", "intersection_update", "isdisjoint", "pop"])
def test_docs_are_the_builtins(name: str) -> None:
    """Every method has set's docstring."""
    assert inspect.getdoc(getattr(owned.Set, name)) == inspect.getdoc(getattr(set, name))


@pytest.mark.parametrize("operator", ["and", "or", "xor", "sub"])
def test_results_are_sets_of_ours(operator: str) -> None:
    """Operators and the methods behind them give a Set, not a subclass; the left operand decides."""
    method = {"and": "intersection", "or": "union", "xor": "symmetric_difference", "sub": "difference"}[operator]
    value, other = MySet("abc"), set("bcd")
    expected = getattr(set("abc"), method)(other)
    for made in (
        getattr(value, f"__{operator}__")(other),
        getattr(value, method)(other),
        getattr(value, method)("bcd"),
    ):
        assert type(made) is owned.Set
        assert made == expected
    left = getattr(other, f"__{operator}__")(value)
    assert type(left) is set
    reflected = getattr(value, f"__r{operator}__")(other)
    assert type(reflected) is set
    assert reflected == left == getattr(other, method)(set("abc"))
    assert getattr(value, f"__{operator}__")("abc") is NotImplemented
    assert type(value.copy()) is owned.Set


@pytest.mark.parametrize("operator", ["iand", "ior", "ixor", "isub"])
def test_in_place(operator: str) -> None:
    """In-place operators change the Set and take sets only; with itself as operand too."""
    plain, value = set("abc"), owned.Set("abc")
    getattr(plain, f"__{operator}__")({"b", "x"})
    assert getattr(value, f"__{operator}__")({"b", "x"}) is value
    assert value == plain
    assert getattr(value, f"__{operator}__")("abc") is NotImplemented
    getattr(plain, f"__{operator}__")(plain)
    getattr(value, f"__{operator}__")(value)
    assert value == plain


@pytest.mark.parametrize(
    "store",
    [
        lambda s, k: s.add(k),
        lambda s, k: s.update([k]),
        lambda s, k: s.update([], {k}),
        lambda s, k: s.__ior__({k}),
        lambda s, k: s.__ixor__({k}),
        lambda s, k: s.symmetric_difference_update([k]),
        lambda s, k: s.__init__([k]),
    ],
)
def test_what_comes_into_a_shared_set_is_shared(store: Callable[[Any, Any], Any]) -> None:
    """A private object joins the shared Set it is put into, inside a tuple or frozenset too."""
    lock = owned.Lock()
    shared = owned.share(owned.Set(), lock=lock)
    for wrap in (lambda key: key, lambda key: (key,), lambda key: frozenset([key])):
        key = Key()
        with lock:
            store(shared, wrap(key))
        assert owned.lock_of(key) is lock


def test_intersection_may_bring_in_the_others_element() -> None:
    """Of two equal elements the builtin may keep the operand's: that one joins too."""

    class Equal(Key):
        def __eq__(self, other: object) -> bool:
            return isinstance(other, Equal)

        def __hash__(self) -> int:
            return 1

    lock = owned.Lock()
    for intersect in (
        lambda s, k: s.intersection_update([k]),
        lambda s, k: s.__iand__({k}),
    ):
        shared = owned.share(owned.Set([Equal()]), lock=lock)
        mine = Equal()
        with lock:
            intersect(shared, mine)
            (left,) = shared
        assert owned.lock_of(left) is lock


def test_update_is_all_or_nothing() -> None:
    """What fails while an update collects its operands changes nothing."""
    value = owned.Set("a")

    def failing() -> Iterator[str]:
        yield "b"
        raise ZeroDivisionError

    for fail in (value.update, value.symmetric_difference_update, value.__init__):
        with pytest.raises(ZeroDivisionError):
            fail(failing())
        assert value == {"a"}
    with pytest.raises(TypeError, match="unhashable"):
        value.update(["b", []])
    assert value == {"a"}


def test_copies_and_pickles() -> None:
    """copy, deepcopy and pickle give another one of the same class, with its attributes."""
    for cls in (owned.Set, MySet):
        value = cls({1, (2, 3)})
        if cls is MySet:
            value.name = "x"
        again = [copy.copy(value), copy.deepcopy(value)]
        again += [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
        for made in again:
            assert type(made) is cls
            assert made == value
            assert cls is owned.Set or made.name == "x"


def test_weak_references() -> None:
    """A Set can be referred to weakly, as a plain set can."""
    value = owned.Set()
    reference = weakref.ref(value)
    assert reference() is value
    del value
    assert reference() is None


@pytest.mark.skipif(hasattr(sys, "gettotalrefcount"), reason="a debug build aborts where an allocation fails")
def test_out_of_memory() -> None:
    """A failing allocation changes nothing, and crashes nothing, wherever it comes."""
    keep = owned.Set([1, (2,)])

    def unchanged() -> None:
        assert keep == {1, (2,)}

    def reset() -> None:
        keep.clear()
        keep.update([1, (2,)])

    for touch in (
        lambda: owned.Set([1, (2,)]),
        lambda: keep.add((3,)),
        lambda: keep.update([3], [4]),
        lambda: keep.__ior__({3}),
        lambda: keep.intersection_update([1]),
        lambda: keep.__ixor__({1, 3}),
        lambda: keep | {3},
        lambda: keep.copy(),
        lambda: list(keep),
        lambda: keep.__reduce_ex__(4),
    ):
        out_of_memory(touch, unchanged, reset)
