# SPDX-License-Identifier: MIT
"""The rows of docs/limits-freeze.md: each still goes through. One that fails is to be taken out of the table."""

from __future__ import annotations

import gc
import sys
from typing import Any

import pytest

from owned import FrozenError, freeze, frozendict


class Plain:
    def __init__(self) -> None:
        self.a = 1

    def method(self) -> str:
        return "method"


def test_the_getter_of_the_class() -> None:
    """K.__dict__["__dict__"] gives out and replaces the real dict."""
    x: Any = freeze(Plain())
    descriptor: Any = vars(Plain)["__dict__"]
    descriptor.__get__(x)["a"] = 2
    assert x.a == 2
    descriptor.__set__(x, {"a": 3})
    assert x.a == 3


def test_a_new_name_through_object_setattr() -> None:
    """From 3.13 on object.__setattr__ adds a name that nothing has, and hides a method."""
    x: Any = freeze(Plain())
    if sys.version_info < (3, 13):
        with pytest.raises(TypeError):
            object.__setattr__(x, "new", 1)
        return
    object.__setattr__(x, "new", 1)
    object.__setattr__(x, "method", lambda: "hidden")
    assert (x.new, x.method()) == (1, "hidden")
    with pytest.raises(FrozenError):
        object.__setattr__(x, "a", 2)


def test_the_collector_shows_the_dict() -> None:
    """gc.get_referents() gives an instance's dict, and of a frozendict of ours no dict."""
    x: Any = freeze(Plain())
    (attributes,) = (held for held in gc.get_referents(x) if type(held) is dict)
    attributes["a"] = 2
    assert x.a == 2
    assert frozendict is not dict
    if sys.version_info < (3, 15):
        assert not any(type(held) is dict for held in gc.get_referents(frozendict(a=[1])))


def test_a_member_descriptor_that_was_kept() -> None:
    """What was taken out of a plain class before its first freeze writes on; what is in the class now does not."""

    class Slots:
        __slots__ = ("a",)

    kept: Any = Slots.a  # type: ignore[attr-defined]
    x: Any = Slots()
    x.a = 1
    freeze(x)
    kept.__set__(x, 2)
    assert x.a == 2
    with pytest.raises(FrozenError):
        Slots.a.__set__(x, 3)  # type: ignore[attr-defined]
