# SPDX-License-Identifier: MIT
"""frozendict: the builtin one on 3.15, before that our own, with the same face."""

from __future__ import annotations

import collections.abc
import copy
import gc
import pickle
import sys
import weakref
from typing import Any

import pytest

from owned import frozendict


def test_making() -> None:
    """From nothing, a mapping, pairs, keywords, another frozendict, and fromkeys."""
    assert frozendict() == {}
    assert frozendict({"a": 1}) == frozendict([("a", 1)]) == frozendict(a=1) == frozendict(frozendict(a=1)) == {"a": 1}
    assert frozendict({"a": 1}, b=2) == {"a": 1, "b": 2}
    assert frozendict.fromkeys("ab", 0) == {"a": 0, "b": 0}
    for wrong in ((1,), ({}, {}), ([1],)):
        with pytest.raises(TypeError):
            frozendict(*wrong)


def test_reading() -> None:
    """Everything that a mapping has."""
    d = frozendict(a=1, b=2)
    assert d["a"] == d.get("a") == 1
    assert d.get("x") is None
    assert d.get("x", 3) == 3
    with pytest.raises(KeyError):
        d["x"]
    with pytest.raises(TypeError):
        d[[]]
    assert "a" in d
    assert "x" not in d
    assert len(d) == 2
    assert list(d) == list(d.keys()) == ["a", "b"]
    assert list(reversed(d)) == ["b", "a"]
    assert list(d.values()) == [1, 2]
    assert list(d.items()) == [("a", 1), ("b", 2)]
    assert d.keys() & {"a"} == {"a"}
    assert repr(d) == "frozendict({'a': 1, 'b': 2})"
    assert repr(frozendict()) == "frozendict()" or sys.version_info >= (3, 15)
    assert isinstance(d, collections.abc.Mapping)
    assert not isinstance(d, dict)
    assert {**d} == dict(d) == {"a": 1, "b": 2}
    match d:
        case {"a": one}:
            assert one == 1
        case _:
            pytest.fail("no mapping to match")


def test_equality_and_hash() -> None:
    """Equal to dicts with the same items in any order; hashable when the values are."""
    assert frozendict(a=1, b=2) == {"b": 2, "a": 1}
    assert frozendict(a=1) == {"a": 1}
    assert frozendict(a=1) != {"a": 2}
    assert frozendict(a=1) != [("a", 1)]
    assert hash(frozendict(a=1, b=2)) == hash(frozendict(b=2, a=1))
    assert {frozendict(a=1): "x"}[frozendict(a=1)] == "x"
    with pytest.raises(TypeError):
        hash(frozendict(a=[]))
    with pytest.raises(TypeError):
        _ = frozendict() < frozendict()


def test_union() -> None:
    """| makes a new one."""
    d = frozendict(a=1)
    assert d | {"b": 2} == {"a": 1, "b": 2}
    assert type(d | {"b": 2}) is frozendict
    e = d
    e |= {"b": 2}
    assert d == {"a": 1}
    with pytest.raises(TypeError):
        d | [("b", 2)]


def test_nothing_writes_it() -> None:
    """No method, no operator, no method of dict."""
    d: Any = frozendict(a=1)
    for write in (
        lambda: d.__setitem__("a", 2), lambda: d.update(a=2), lambda: d.pop("a"), lambda: d.clear(),
        lambda: d.__init__(a=2), lambda: dict.__init__(d, a=2), lambda: dict.__setitem__(d, "a", 2),
        lambda: dict.update(d, a=2), lambda: dict.clear(d),
        lambda: setattr(d, "x", 1), lambda: object.__setattr__(d, "x", 1), lambda: setattr(d, "__class__", dict),
    ):  # fmt: skip
        try:
            write()
        except (TypeError, AttributeError):
            pass
        assert d == {"a": 1}


def test_copies() -> None:
    """copy() is the same one; deepcopy and pickle copy what is in it."""
    part = [1]
    d = frozendict(a=part)
    assert copy.copy(d)["a"] is part
    deep = copy.deepcopy(d)
    assert deep == d
    assert deep["a"] is not part
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):  # the builtin one refuses 0 and 1
        again = pickle.loads(pickle.dumps(d, protocol))
        assert again == d
        assert type(again) is frozendict


def test_life() -> None:
    """Cycles through it are collected, and it can be weakly referenced where it is ours."""

    class Node: ...

    node: Any = Node()
    node.d = frozendict(me=node, more=[node])
    ref = weakref.ref(node)
    del node
    gc.collect()
    assert ref() is None
    deep: Any = frozendict()
    for _ in range(200_000):
        deep = frozendict(k=deep)
    del deep
