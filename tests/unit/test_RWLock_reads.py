# SPDX-License-Identifier: MIT
"""What the read side of an RWLock lets through: generated from the method tables and operators of the types.

Everything is first done to a bare object. What changes it has to be refused under the read side, and the inside has
to be as it was; what is known to read must not change it.
"""

from __future__ import annotations

import array
import collections
import copy
import inspect
import operator
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import owned
from owned import _core

SAMPLES: dict[str, Any] = {
    "list": [3, 1, 2],
    "dict": {1: 2, 3: 4},
    "set": {1, 2},
    "bytearray": bytearray(b"bca"),
    "deque": collections.deque([3, 1, 2]),
    "OrderedDict": collections.OrderedDict({1: 2, 3: 4}),
    "defaultdict": collections.defaultdict(list, {1: 2, 3: 4}),
    "Counter": collections.Counter({1: 2, 3: 4, 5: -1}),
    "array": array.array("i", [3, 1, 2]),
}
IMMUTABLE: dict[str, Any] = {"str": "abc", "bytes": b"abc", "frozenset": frozenset({1}), "tuple": (1, 2)}

# Arguments, as many kinds as the methods take; what does not fit a method is a TypeError, or such.
ARGUMENTS: tuple[tuple[Any, ...], ...] = (
    (), (0,), (1,), (3,), (7,), (8,), (0, 8), (1, 9), (7, 9), ([6],), ([0, 0],), ({6: 1},), ({1, 6},), (b"x",),
    (bytes(8),),
    (array.array("i", [5]),), (collections.Counter({1: 1, 6: 1}),), (slice(0, 1),), (slice(0, 1), b""),
    (slice(0, 1), [6]), (3, False), (98,), ((6, 6),), ("default_factory", int), ("default_factory",), ("i", [1]), (12,),
)  # fmt: skip

# Known as writes, and seen to change nothing here: why.
UNSEEN = {
    ("array", "buffer_info"): "tells the address of the inside",
    ("array", "fromfile"): "needs a file",
    ("array", "fromunicode"): "needs an array of characters",
    ("Counter", "_keep_positive"): "is called by others of its methods",
    ("Counter", "elements"): "gives an iterator that looks inside by itself",
    "__delattr__": "the type has no attribute that could be deleted",
    "__setattr__": "the type has no attribute that could be set",
    "__buffer__": "gives a buffer, which is written later",
    "__release_buffer__": "needs a buffer",
    "__init__": "does not take what it holds anew",
}

# iconcat() takes no wrapper, which has no slot for it: += does the same.
_NO_OPERATORS = ("attrgetter", "itemgetter", "methodcaller", "call", "is_", "is_not", "not_", "truth", "iconcat")
OPERATORS = [name for name in operator.__all__ if name not in _NO_OPERATORS]


def methods_of(sample: Any) -> Iterator[str]:
    """The names of the methods in the tables of its type and its bases, but for class methods written in Python."""
    for name in dir(type(sample)):
        found = inspect.getattr_static(type(sample), name)
        known = name in ("__class__", "__new__", "__getattribute__") or isinstance(found, classmethod)
        if not known and callable(getattr(type(sample), name)):
            yield name


def snapshot(obj: Any) -> Any:
    """All that an object holds, in its order."""
    factory = obj.default_factory if isinstance(obj, collections.defaultdict) else None
    return list(obj.items()) if isinstance(obj, dict) else list(obj), factory


def changes(sample: Any, touch: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Does it change a bare copy?"""
    bare = copy.copy(sample)
    try:
        result = touch(bare, *copy.copy(arguments))
        if isinstance(result, Iterator):
            next(result, None)
    except Exception:
        pass
    return snapshot(bare) != snapshot(sample)


def called(name: str) -> Callable[..., Any]:
    return lambda obj, *arguments: getattr(obj, name)(*arguments)


def refused(sample: Any, guarded: Callable[[Any], Any], touch: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Under the read side it raises LockNotHeldError, and changes nothing."""
    bare = copy.copy(sample)
    rw = owned.RWLock()
    obj = owned.share(guarded(bare), lock=rw)
    with rw.read, pytest.raises(owned.LockNotHeldError, match="whose read side this thread holds"):
        touch(obj, *copy.copy(arguments))
    with rw:
        inside = owned.unwrap(obj)
        assert snapshot(inside) == snapshot(sample)


@pytest.mark.parametrize("name", SAMPLES | IMMUTABLE)
def test_every_method_is_known(name):
    """A method that is in neither list would be refused to readers without anybody having thought about it."""
    sample = (SAMPLES | IMMUTABLE)[name]
    unknown = [method for method in methods_of(sample) if _core.method_writes(getattr(sample, method)) is None]
    assert unknown == []


@pytest.mark.parametrize("name", SAMPLES)
def test_known_methods(name):
    """What is known to read changes nothing; what is known to write does, and is refused."""
    sample = SAMPLES[name]
    for method in methods_of(sample):
        changing = [arguments for arguments in ARGUMENTS if changes(sample, called(method), arguments)]
        if _core.method_writes(getattr(sample, method)):
            assert changing or (name, method) in UNSEEN or method in UNSEEN, method
        else:
            assert not changing, method
        for arguments in changing[:3]:
            refused(sample, owned.own, called(method), arguments)


@pytest.mark.parametrize("name", SAMPLES)
def test_operators(name):
    """Every function of the module operator, and del, on every type: what changes the object is refused."""
    seen = 0
    for function in OPERATORS:
        touch = getattr(operator, function)
        for arguments in [given for given in ARGUMENTS if changes(SAMPLES[name], touch, given)][:3]:
            refused(SAMPLES[name], owned.own, touch, arguments)
            seen += 1
    assert seen


@pytest.mark.parametrize(("name", "guarded"), [("list", owned.List), ("dict", owned.Dict), ("set", owned.Set)])
def test_guarded_containers(name, guarded):
    """The same for List, Dict and Set: their methods, and the operators on them."""
    sample = SAMPLES[name]
    touches = {method: called(method) for method in methods_of(guarded(sample))}
    touches |= {f"operator.{function}": getattr(operator, function) for function in OPERATORS}
    seen = set()
    for method, touch in touches.items():
        for arguments in [given for given in ARGUMENTS if changes(sample, touch, given)][:3]:
            refused(sample, guarded, touch, arguments)
            seen.add(method)
    unseen = {method for method in UNSEEN if isinstance(method, str)}
    assert seen | unseen >= {method for method in methods_of(sample) if _core.method_writes(getattr(sample, method))}


@pytest.mark.parametrize("make", [owned.own, lambda sample: owned.List(sample) if type(sample) is list else sample])
@pytest.mark.parametrize("name", SAMPLES)
def test_reading_is_let_through(name, make):
    """Looking up, length, containment, comparison, iteration both ways, copies and texts: the same as of a bare one."""
    sample = SAMPLES[name]
    obj = make(copy.copy(sample))
    if obj is not sample and owned.state(obj) != "unguarded":
        rw = owned.RWLock()
        owned.share(obj, lock=rw)
        rw.read.acquire()
    assert len(obj) == len(sample)
    assert list(obj) == list(sample)
    assert [3 in obj, 99 in obj] == [3 in sample, 99 in sample]
    assert obj == sample
    assert bool(obj)
    assert repr(obj).count("3") == repr(sample).count("3")
    assert list(copy.copy(obj)) == list(sample)
    if hasattr(sample, "__reversed__"):
        assert list(reversed(obj)) == list(reversed(sample))
    if isinstance(sample, dict):
        assert list(obj.items()) == list(sample.items())
        assert list(reversed(list(obj.values()))) == list(reversed(list(sample.values())))
        assert (obj[1], obj.get(99)) == (2, None)
    elif not isinstance(sample, set):
        assert (obj[0], obj.index(sample[1]), obj.count(3)) == (sample[0], 1, sample.count(3))


def test_missing_keys():
    """Looking up a key that is not there enters it into a defaultdict, and nothing into a Counter."""
    rw = owned.RWLock()
    lists = owned.share(owned.own(collections.defaultdict(list)), lock=rw)
    counts = owned.share(owned.own(collections.Counter()), lock=rw)
    with rw.read:
        for touch in (lambda: lists[7], lambda: lists.__getitem__(7)):
            with pytest.raises(owned.LockNotHeldError):
                touch()
        assert counts[7] == counts.__getitem__(7) == 0
        assert (len(lists), len(counts)) == (0, 0)
    with rw:
        assert lists[7] == []
    with rw.read:
        assert lists[7] == []


def test_methods_of_own_classes():
    """They count as writes unless they are marked with @reads; what only looks by its nature counts as reading."""

    class Shelf:
        def __init__(self):
            self.books = ["a"]

        def first(self):
            return self.books[0]

        @owned.reads
        def last(self):
            return self.books[-1]

        @property
        def size(self):
            return len(self.books)

        def __len__(self):
            return 1

        def __call__(self):
            return 1

        def __iter__(self):
            yield from self.books

    rw = owned.RWLock()
    shelf = owned.share(owned.own(Shelf()), lock=rw)
    with rw.read:
        assert (shelf.last(), shelf.size, len(shelf), shelf.books[0]) == ("a", 1, 1, "a")
        with pytest.raises(owned.LockNotHeldError, match=r"call Shelf\.first\(\).*says so with @reads"):
            shelf.first()
        with pytest.raises(owned.LockNotHeldError):
            shelf()
        with pytest.raises(owned.LockNotHeldError):
            list(shelf)  # a generator runs the class's own code
        with pytest.raises(owned.LockNotHeldError):
            shelf.books.append("b")
        with pytest.raises(owned.LockNotHeldError):
            owned.unwrap(shelf)
    with rw:
        assert (shelf.first(), shelf(), list(shelf)) == ("a", 1, ["a"])


def test_iterators_and_views():
    """Made under either side, they go on under either and stop without: with a place of their own, and no other."""
    rw = owned.RWLock()
    for make in (owned.own, owned.Dict):
        items = owned.share(make({1: 2, 3: 4}), lock=rw)
        with rw.read:
            keys, walk = items.keys(), iter(items)
            assert next(walk) == 1
        for touch in (lambda walk=walk: next(walk), lambda keys=keys: len(keys), lambda keys=keys: list(keys)):
            with pytest.raises(owned.LockNotHeldError):
                touch()
        with rw:
            assert next(walk) == 3
            assert list(keys) == [1, 3]
        with rw.read:
            assert next(walk, None) is None


def test_an_iterator_that_is_shared_itself():
    """An iterator that is no place in a container, but what is shared, changes with each step."""
    rw = owned.RWLock()
    numbers = owned.share(owned.own(map(abs, [-1, -2])), lock=rw)
    with rw.read, pytest.raises(owned.LockNotHeldError):
        next(numbers)
    with rw:
        assert next(numbers) == 1
