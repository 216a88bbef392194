# SPDX-License-Identifier: MIT
"""owned.Dict on the thread that owns it: a real dict, whose contents are guarded too."""

from __future__ import annotations

import collections
import collections.abc
import copy
import inspect
import pickle
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import owned
from memory import out_of_memory


class MyDict(owned.Dict[Any, Any]):
    pass


def test_is_a_dict() -> None:
    """isinstance, the abstract base classes, match, repr and ** take it for a dict."""
    value = owned.Dict({"a": 1}, b=2)
    assert isinstance(value, dict)
    assert isinstance(value, collections.abc.MutableMapping)
    assert repr(value) == str(value) == "{'a': 1, 'b': 2}"
    assert dict(**value) == {**value} == dict(value) == value
    match value:
        case {"a": found, **rest}:
            assert (found, rest) == (1, {"b": 2})
    assert owned.Dict[str, int].__origin__ is owned.Dict
    with pytest.raises(TypeError, match="unhashable"):
        hash(value)
    with pytest.raises(TypeError):
        owned.Dict([], [])


@pytest.mark.parametrize("name", ["get", "pop", "popitem", "setdefault", "update", "fromkeys", "items", "copy"])
def test_docs_are_the_builtins(name: str) -> None:
    """Every method has dict's docstring."""
    assert inspect.getdoc(getattr(owned.Dict, name)) == inspect.getdoc(getattr(dict, name))


STORES: list[Callable[[Any, Any], Any]] = [
    lambda x, v: x.__setitem__("k", v),
    lambda x, v: x.setdefault("k", v),
    lambda x, v: x.update({"k": v}),
    lambda x, v: x.update([("k", v)]),
    lambda x, v: x.update(k=v),
    lambda x, v: x.update({}, k=v),
    lambda x, v: x.update(owned.Dict(k=v)),
    lambda x, v: x.update(collections.ChainMap({"k": v})),
    lambda x, v: x.__ior__({"k": v}),
    lambda x, v: x.__ior__([("k", v)]),
    lambda x, v: x.__init__(k=v),
    lambda x, v: x.__init__([("k", v)]),
]


@pytest.mark.parametrize("store", STORES)
def test_what_is_stored_is_settled(store: Callable[[Any, Any], Any]) -> None:
    """A plain container that is stored becomes a guarded one in the same region, inside too."""
    region = owned.Region()
    with region:
        container = owned.Dict()
    given = [1, {2: {3}}]
    store(container, given)
    stored = container["k"]
    assert type(stored) is owned.List
    assert type(stored[1]) is owned.Dict
    assert type(stored[1][2]) is owned.Set
    assert stored == given


@pytest.mark.parametrize("store", STORES)
def test_what_is_stored_in_a_shared_dict_is_shared(store: Callable[[Any, Any], Any]) -> None:
    """A private container joins the shared Dict it is stored in, with what it reaches."""
    lock = owned.Lock()
    shared = owned.share(owned.Dict(), lock=lock)
    inner = owned.List([1])
    outer = owned.List([inner])
    with lock:
        store(shared, outer)
    assert owned.lock_of(inner) is owned.lock_of(outer) is lock


def test_keys_join_too() -> None:
    """A private object that becomes a key of a shared Dict is shared; a default not needed is not given away."""

    class Key(owned.List[Any]):
        __hash__ = object.__hash__

    lock = owned.Lock()
    shared = owned.share(owned.Dict(a=1), lock=lock)
    key, other = Key(), Key()
    unneeded = owned.List()
    with lock:
        shared[key] = 1
        shared.update({other: 1})
        assert shared.setdefault("a", unneeded) == 1
    assert owned.lock_of(key) is owned.lock_of(other) is lock
    assert owned.lock_of(unneeded) is None
    unneeded.append(1)


def test_setdefault_gives_what_it_stored() -> None:
    """`d.setdefault(k, []).append(v)` works: the guarded List comes back."""
    value: owned.Dict[str, Any] = owned.Dict()
    value.setdefault("k", []).append(1)
    value.setdefault("k", []).append(2)
    assert value == {"k": [1, 2]}
    assert value.setdefault("n") is None


def test_fromkeys() -> None:
    """The class method makes a Dict of its class, all of whose keys share one value."""
    made = MyDict.fromkeys("ab", [1])
    assert type(made) is MyDict
    assert type(made["a"]) is owned.List
    assert made["a"] is made["b"]
    assert owned.Dict.fromkeys("ab") == {"a": None, "b": None}
    with pytest.raises(TypeError):
        owned.Dict.fromkeys()


def test_results_are_dicts_of_ours() -> None:
    """copy() and | give a Dict; the left operand of | decides."""
    value = MyDict(a=[1])
    for made in (value.copy(), value | {"b": [2]}, value | value):
        assert type(made) is owned.Dict
        assert made["a"] is value["a"]
    assert type((value | {"b": [2]})["b"]) is owned.List
    assert type({"b": 2} | value) is dict
    assert {"b": 2} | value == {"b": 2, "a": [1]}
    assert collections.OrderedDict(b=2) | value == {"b": 2, "a": [1]}
    plain = alias = {"b": 2}
    plain |= value
    assert alias == {"b": 2, "a": [1]}
    with pytest.raises(TypeError):
        value | [("b", 2)]


def test_update_is_all_or_nothing() -> None:
    """What fails while update() collects its argument changes nothing."""
    value = owned.Dict(a=1)

    def failing() -> Iterator[tuple[str, int]]:
        yield "b", 2
        raise ZeroDivisionError

    for fail in (value.update, value.__ior__, value.__init__):
        with pytest.raises(ZeroDivisionError):
            fail(failing())
        assert value == {"a": 1}
    with pytest.raises(ValueError, match="length"):
        value.update([("b", 2), ("c",)])
    assert value == {"a": 1}


def test_subclass_with_missing() -> None:
    """__missing__ and overridden methods of a subclass are used as dict uses them."""

    class Default(owned.Dict[Any, Any]):
        def __missing__(self, key: Any) -> Any:
            self[key] = []
            return self[key]

    value = Default()
    value["a"].append(1)
    assert value == {"a": [1]}
    assert value.get("b") is None

    class Doubling(owned.Dict[Any, Any]):
        def keys(self) -> Any:
            return ["x"]

        def __getitem__(self, key: Any) -> Any:
            return key * 2

    assert owned.Dict(Doubling()) == {"x": "xx"}
    made = owned.Dict(a=1)
    made.update(Doubling(), b=2)
    assert made == {"a": 1, "x": "xx", "b": 2}


def test_views() -> None:
    """Views are views: live, of the abstract base classes, with the set operations of dict's."""
    value = owned.Dict(a=1, b=2)
    keys, values, items = value.keys(), value.values(), value.items()
    for view, abc in ((keys, "KeysView"), (values, "ValuesView"), (items, "ItemsView")):
        assert isinstance(view, getattr(collections.abc, abc))
        assert isinstance(view.mapping, types.MappingProxyType)
        assert view.mapping == value
    value["c"] = 3
    assert (repr(keys), repr(values)) == ("dict_keys(['a', 'b', 'c'])", "dict_values([1, 2, 3])")
    assert (list(reversed(keys)), list(reversed(values))) == (["c", "b", "a"], [3, 2, 1])
    assert ("a" in keys, ("a", 1) in items, ("a", 2) in items, 3 in values) == (True, True, False, True)
    plain = {"a": 1, "z": 0}
    assert keys & plain.keys() == plain.keys() & keys == keys & owned.Dict(plain).keys() == {"a"}
    assert items & plain.items() == {("a", 1)}
    assert keys | {"z"} == {"z"} | keys == {"a", "b", "c", "z"}
    assert keys - plain.keys() == {"b", "c"}
    assert plain.keys() - keys == {"z"}
    assert keys ^ plain.keys() == {"b", "c", "z"}
    assert {"a"} <= keys <= {"a", "b", "c"} == keys
    assert keys == owned.Dict(value).keys()
    assert keys > plain.keys() & keys
    assert keys.isdisjoint("xyz")
    assert keys.isdisjoint(owned.Dict(x=1).keys())
    assert owned.Set("ab") & keys == {"a", "b"}
    assert type(keys & {"a"}) is set
    with pytest.raises(TypeError, match="unhashable"):
        hash(keys)
    hash(values)
    with pytest.raises(TypeError):
        copy.copy(keys)
    with pytest.raises(TypeError):
        type(keys)()


def test_copies_and_pickles() -> None:
    """copy, deepcopy and pickle give another one of the same class, in order, with its attributes."""
    for cls in (owned.Dict, MyDict):
        value = cls(b=[1], a=2)
        if cls is MyDict:
            value.name = "x"
        again = [copy.copy(value), copy.deepcopy(value)]
        again += [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
        for made in again:
            assert type(made) is cls
            assert list(made.items()) == list(value.items())
            assert type(made["b"]) is owned.List
            assert cls is owned.Dict or made.name == "x"


def test_weak_references() -> None:
    """A Dict can be referred to weakly, as a plain dict cannot."""
    value = owned.Dict()
    reference = weakref.ref(value)
    assert reference() is value
    del value
    assert reference() is None


def test_changed_during_iteration() -> None:
    """The builtin's own error when the size changes during a walk."""
    value = owned.Dict(a=1)
    iterator = iter(value.items())
    value["b"] = 2
    with pytest.raises(RuntimeError, match="changed size") as caught:
        next(iterator)
    assert not isinstance(caught.value, owned.OwnershipError)


@pytest.mark.skipif(hasattr(sys, "gettotalrefcount"), reason="a debug build aborts where an allocation fails")
def test_out_of_memory() -> None:
    """A failing allocation changes nothing, and crashes nothing, wherever it comes."""
    keep = owned.Dict(a=[1])

    def unchanged() -> None:
        assert list(keep.items()) == [("a", [1])]

    def reset() -> None:
        keep.clear()
        keep["a"] = [1]

    for touch in (
        lambda: owned.Dict(a={1: [2]}),
        lambda: keep.__setitem__("b", {1: [2]}),
        lambda: keep.setdefault("b", [1]),
        lambda: keep.update(b=[1]),
        lambda: keep.update([("b", {1})]),
        lambda: keep | {"b": []},
        lambda: keep.copy(),
        lambda: list(keep.items()),
        lambda: keep.keys() & {"a"},
        lambda: keep.__reduce_ex__(4),
    ):
        out_of_memory(touch, unchanged, reset)
