# SPDX-License-Identifier: MIT
# ruff: noqa: RUF005 - the + of lists is what is tested
"""owned.List on the thread that owns it: a real list, whose contents are guarded too."""

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


class MyList(owned.List[Any]):
    pass


class SlottedList(owned.List[Any]):
    __slots__ = ("name",)


def test_is_a_list() -> None:
    """isinstance, the abstract base classes, match and repr take it for a list."""
    value = owned.List([1, "a"])
    assert isinstance(value, list)
    assert isinstance(value, collections.abc.MutableSequence)
    assert repr(value) == str(value) == f"{value}" == "[1, 'a']"
    match value:
        case [first, *rest]:
            assert (first, rest) == (1, ["a"])
    assert owned.List.__module__ == "owned"
    assert owned.List[int].__origin__ is owned.List
    with pytest.raises(TypeError, match="unhashable"):
        hash(value)
    with pytest.raises(TypeError):
        owned.List(iterable=[])
    with pytest.raises(TypeError):
        owned.List([], [])


@pytest.mark.parametrize("name", ["append", "extend", "insert", "pop", "index", "sort", "copy"])
def test_signatures_are_the_builtins(name: str) -> None:
    """Every method has list's docstring and signature."""
    ours, theirs = getattr(owned.List, name), getattr(list, name)
    assert inspect.getdoc(ours) == inspect.getdoc(theirs)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))


@pytest.mark.parametrize(
    "store",
    [
        lambda x, v: x.append(v),
        lambda x, v: x.insert(0, v),
        lambda x, v: x.extend([v]),
        lambda x, v: x.extend(w for w in [v]),
        lambda x, v: x.__iadd__((v,)),
        lambda x, v: x.__setitem__(0, v),
        lambda x, v: x.__setitem__(slice(0, 1), [v]),
        lambda x, v: x.__setitem__(slice(0, 1, 1), iter([v])),
        lambda x, v: x.__setitem__(slice(0, 2, 2), [v]),
        lambda x, v: x.__init__([v]),
    ],
)
def test_what_is_stored_is_settled(store: Callable[[Any, Any], Any]) -> None:
    """A plain container that is stored becomes a guarded one in the same region, inside too: a copy."""
    region = owned.Region()
    with region:
        container = owned.List([0])
    given = {"a": [1, {2}]}
    store(container, given)
    stored = next(item for item in container if isinstance(item, dict))
    assert type(stored) is owned.Dict
    assert type(stored["a"]) is owned.List
    assert type(stored["a"][1]) is owned.Set
    assert stored == given
    given["b"] = []
    assert "b" not in stored
    parcel = owned.move(region)
    with pytest.raises(owned.MovedError):
        len(stored)
    parcel.claim()


@pytest.mark.parametrize(
    "store",
    [
        lambda x, v: x.append(v),
        lambda x, v: x.insert(0, v),
        lambda x, v: x.extend([v]),
        lambda x, v: x.__iadd__([v]),
        lambda x, v: x.__setitem__(0, v),
        lambda x, v: x.__setitem__(slice(0, 1), (v,)),
        lambda x, v: x.__init__([v]),
    ],
)
def test_what_is_stored_in_a_shared_list_is_shared(store: Callable[[Any, Any], Any]) -> None:
    """A private container joins the shared List it is stored in, with what it reaches."""
    lock = owned.Lock()
    shared = owned.share(owned.List([0]), lock=lock)
    inner = owned.List([1])
    outer = owned.Dict(inner=inner)
    with lock:
        store(shared, outer)
    for value in (inner, outer):
        assert owned.lock_of(value) is lock
        with pytest.raises(owned.LockNotHeldError):
            len(value)


def test_items_of_one_call_stay_one() -> None:
    """What is twice in one argument is settled once; a list that contains itself settles too."""
    twice: list[int] = []
    loop: list[Any] = [1]
    loop.append(loop)
    value: owned.List[Any] = owned.List([twice, twice, loop])
    assert value[0] is value[1]
    assert value[2][1] is value[2]


def test_results_are_lists_of_ours() -> None:
    """Slices, copy(), + and * give a List, of the base class as with the builtins; the left operand of + decides."""
    value = MyList([1, 2])
    for made in (value[:], value[::2], value.copy(), value + [[3]], value * 2, 2 * value):
        assert type(made) is owned.List
        assert owned.state(made) == "private"
    assert type((value + [[3]])[2]) is owned.List
    assert type([0] + value) is list
    assert [0] + value == [0, 1, 2]
    assert value + value == [1, 2, 1, 2]
    with pytest.raises(TypeError):
        value + (1,)
    assert value.__radd__([0]) is NotImplemented


def test_plain_list_in_place() -> None:
    """`plain += guarded` changes the plain list in place."""
    plain = alias = [0]
    plain += owned.List([1])
    assert alias == [0, 1]
    assert alias is plain


def test_init_again() -> None:
    """__init__ once more replaces the contents, and changes nothing when it fails."""
    value = owned.List([1, 2])
    value.__init__("ab")
    assert value == ["a", "b"]

    def failing() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    for fail in (value.__init__, value.extend, value.__iadd__, lambda it: value.__setitem__(slice(0, 1), it)):
        with pytest.raises(ZeroDivisionError):
            fail(failing())
        assert value == ["a", "b"]
    value.__init__()
    assert value == []


def test_sort_re_enters() -> None:
    """A key function may look at the list it sorts, which is empty meanwhile, and may not change it."""
    value = owned.List([3, 1, 2])
    lengths = []
    value.sort(key=lambda item: (lengths.append(len(value)), item)[1])
    assert value == [1, 2, 3]
    assert lengths == [0, 0, 0]
    with pytest.raises(ValueError, match="list modified during sort"):
        value.sort(key=lambda item: (value.append(item), item)[1])
    assert value == [1, 2, 3]


@pytest.mark.parametrize("cls", [owned.List, MyList, SlottedList])
def test_copies_and_pickles(cls: Any) -> None:
    """copy, deepcopy and pickle, in every protocol, give another one of the same class, with its attributes."""
    value = cls([1, [2]])
    if cls is not owned.List:
        value.name = "x"
    again = [copy.copy(value), copy.deepcopy(value)]
    again += [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    for made in again:
        assert type(made) is cls
        assert made == value
        assert made is not value
        assert type(made[1]) is owned.List
        assert cls is owned.List or made.name == "x"
    assert again[0][1] is value[1]
    assert again[1][1] is not value[1]


def test_subclasses() -> None:
    """A subclass may override anything, take keywords, have slots, and be made by list.__new__."""

    class Loud(owned.List[Any]):
        def __init__(self, *items: Any, name: str = "") -> None:
            super().__init__(items)
            self.name = name

        def __getitem__(self, index: Any) -> Any:
            return super().__getitem__(index), self.name

        def append(self, item: Any) -> None:
            super().append([item])

        def __add__(self, other: Any) -> Any:
            return "added", super().__add__(other)

    loud = Loud(1, 2, name="n")
    loud.append(3)
    assert (loud[0], loud[2]) == ((1, "n"), ([3], "n"))
    assert loud + [4] == ("added", [1, 2, [3], 4])
    loud += [5]
    assert type(loud) is Loud
    assert len(loud) == 4


def test_attributes_of_subclasses() -> None:
    """What a subclass's attributes hold is settled too, except where a property decides itself."""
    given = [1]

    class Described(owned.List[Any]):
        @property
        def seen(self) -> Any:
            return None

        @seen.setter
        def seen(self, value: Any) -> None:
            assert value is given
            self.stored = value

    described = Described()
    described.seen = given
    assert type(described.stored) is owned.List
    del described.stored
    slotted = SlottedList([1])
    slotted.name = [2]
    assert type(slotted.name) is owned.List
    assert not hasattr(slotted, "__dict__")
    assert owned.state(list.__new__(MyList)) in ("private", "unguarded")
    with pytest.raises(AttributeError):
        owned.List().name = 1


def test_weak_references() -> None:
    """A List can be referred to weakly, as a plain list cannot; callbacks run when it dies."""
    called: list[Any] = []
    for cls in (owned.List, MyList):
        value = cls([1])
        reference = weakref.ref(value, called.append)
        assert reference() is value
        del value
        assert reference() is None
    assert len(called) == 2


def test_a_million_levels_deep() -> None:
    """A nest of a million Lists and Dicts is let go without overflowing the C stack."""
    value: Any = None
    for level in range(500_000):
        value = owned.List([value])
        value = owned.Dict(level=value) if level % 2 else MyList([value])
    del value


def test_iterators() -> None:
    """Iterators keep their length hint, state and pickles, and see what is appended meanwhile."""
    value = owned.List([1, 2, 3])
    iterator = iter(value)
    assert isinstance(iterator, collections.abc.Iterator)
    assert next(iterator) == 1
    assert iterator.__length_hint__() == 2
    value.append(4)
    assert list(copy.copy(iterator)) == [2, 3, 4]
    iterator.__setstate__(3)
    assert list(iterator) == [4]
    value.append(5)
    assert list(iterator) == []
    backwards = pickle.loads(pickle.dumps(reversed(value)))
    assert list(backwards) == [5, 4, 3, 2, 1]
    with pytest.raises(TypeError):
        type(iterator)()


@pytest.mark.skipif(hasattr(sys, "gettotalrefcount"), reason="a debug build aborts where an allocation fails")
def test_out_of_memory() -> None:
    """A failing allocation changes nothing, and crashes nothing, wherever it comes."""
    keep = owned.List([1, [2]])
    before = list(keep)

    def unchanged() -> None:
        assert list(keep) == before

    for touch in (
        lambda: owned.List([1, [2]]),
        lambda: keep.append([1, {2: [3]}]),
        lambda: keep.insert(0, [1]),
        lambda: keep.extend([[1], {2}, 3]),
        lambda: keep.__setitem__(slice(0, 1), [[1]] * 20),
        lambda: keep.__setitem__(0, [1]),
        lambda: keep[:] + [[1]],
        lambda: keep.copy(),
        lambda: list(reversed(keep)),
        lambda: keep.__reduce_ex__(4),
    ):
        out_of_memory(touch, unchanged, lambda: keep.__init__(before))
