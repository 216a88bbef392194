# SPDX-License-Identifier: MIT
"""__del__ and weak references of guarded instances: whoever drops the last reference acts as the owner."""

from __future__ import annotations

import gc
import sys
import sysconfig
import threading
import weakref

import pytest

import owned
from owned import WrongThreadError

# There an object whose last reference goes elsewhere is finalized by the thread that made it.
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


@pytest.fixture
def unraisable(monkeypatch):
    """What finalizers raised."""
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: seen.append((args.exc_type, str(args.exc_value))))
    return seen


log: list = []


@owned.owned
class Leaf:
    __slots__ = ("__weakref__", "name")

    def __init__(self, name):
        self.name = name


class _Closes:
    def close(self):
        log.append((self.name, self.leaf.name, list(self.items), threading.current_thread().name))
        self.name = "closed"

    def __del__(self):
        self.close()


@owned.owned
class InDict(_Closes):
    def __init__(self):
        self.name, self.leaf, self.items = "dict", Leaf("leaf"), [1]


@owned.owned
class InSlots:
    __slots__ = ("items", "leaf", "name")

    def __init__(self):
        self.name, self.leaf, self.items = "slots", Leaf("leaf"), [1]

    close = _Closes.close

    def __del__(self):
        self.close()


class Inherits(InDict):
    pass


class Own(InSlots):
    __slots__ = ()

    def __del__(self):
        super().__del__()


KINDS = [InDict, InSlots, Inherits, Own]


@pytest.mark.parametrize("kind", KINDS)
def test_dropped_elsewhere(kind, elsewhere, unraisable):
    """The last reference goes on another thread: __del__ reads and writes fields and what only the object holds."""
    log.clear()
    holder = [kind()]
    elsewhere(holder.clear)
    gc.collect()
    assert unraisable == []
    assert log == [(log[0][0], "leaf", [1], "MainThread" if FREE_THREADED else "elsewhere")]


@pytest.mark.parametrize("kind", KINDS)
def test_collected_elsewhere(kind, elsewhere, unraisable):
    """A cycle that another thread's collection finds."""
    log.clear()
    gc.collect()
    gc.disable()
    try:
        x = kind()
        x.items = [1]
        x.leaf.name = "leaf"
        if kind is InDict or kind is Inherits:
            x.myself = x
        else:
            x.name = _Text("slots")
            x.name.back = x
        del x
        elsewhere(gc.collect)
    finally:
        gc.enable()
    if FREE_THREADED:  # the collector holds every object that it collects: none is held by one other alone
        assert [kind for kind, _ in unraisable] == [WrongThreadError]
    else:
        assert unraisable == []
        assert len(log) == 1


def test_collected_elsewhere_owns_itself(elsewhere, unraisable):
    """The object itself is the finalizing thread's on every build."""
    names = []

    @owned.owned
    class K:
        def __init__(self):
            self.name, self.myself = "k", self

        def __del__(self):
            self.last = self.name
            names.append((self.last, threading.current_thread().name))

    gc.collect()
    gc.disable()
    try:
        K()
        elsewhere(gc.collect)
    finally:
        gc.enable()
    assert unraisable == []
    assert names == [("k", "elsewhere")]


class _Text(str):
    pass


@pytest.mark.skipif(FREE_THREADED, reason="the maker of the object finalizes it, as its owner")
def test_what_others_hold_is_not_taken(elsewhere, unraisable):
    """A field that somebody else holds too stays its owner's: the finalizer is refused there."""
    log.clear()
    x = InDict()
    kept = x.leaf
    holder = [x]
    del x
    elsewhere(holder.clear)
    gc.collect()
    assert [kind for kind, _ in unraisable] == [WrongThreadError]
    assert kept.name == "leaf"
    assert log == []


def test_del_called_by_hand_is_checked(elsewhere):
    """Called from another thread while the object lives, __del__ is a method like any other."""
    x = InDict()
    for call in (lambda: x.__del__(), lambda: InDict.__del__(x)):
        with pytest.raises(WrongThreadError):
            elsewhere(call)
    assert owned.owner(x).name == "MainThread"
    y = InSlots()
    with pytest.raises(WrongThreadError):
        elsewhere(y.__del__)
    assert y.name == "slots"


def test_resurrection(elsewhere):
    """An object that __del__ stores away belongs to the thread that ran it."""
    saved = []

    @owned.owned
    class Phoenix:
        def __init__(self):
            self.a = [1]

        def __del__(self):
            saved.append(self)
            saved.append(threading.current_thread().name)

    holder = [Phoenix()]
    elsewhere(holder.clear)
    gc.collect()
    x, name = saved
    assert owned.owner(x).name == name
    if name == "elsewhere":
        with pytest.raises(owned.OwnershipError):
            x.a
        assert owned.adopt(x) is x
    assert x.a == [1]


def test_del_that_raises(elsewhere, unraisable):
    """It is reported as for any class, and the error that was being handled survives."""

    @owned.owned
    class K:
        def __del__(self):
            raise ValueError("from del")

    def drop():
        holder = [K()]
        try:
            raise KeyError("first")
        except KeyError:
            holder.clear()
            return sys.exc_info()[0]

    assert elsewhere(drop) is KeyError
    gc.collect()
    assert unraisable == [(ValueError, "from del")]


def test_weakref_callbacks(elsewhere):
    """They run on the thread that drops the object; a dead reference is None for all."""
    for make in (lambda: Leaf("a"), InDict):
        seen = []
        made = make()
        ref = weakref.ref(made, lambda ref: seen.append(threading.current_thread().name))  # noqa: B023 - called at once
        assert elsewhere(ref) is made
        holder = [made]
        del made
        elsewhere(holder.clear)
        gc.collect()
        assert len(seen) == 1
        assert FREE_THREADED or seen == ["elsewhere"]
        assert ref() is None


def test_weakref_finalize():
    """weakref.finalize works on guarded instances."""
    seen = []
    x = Leaf("a")
    weakref.finalize(x, seen.append, 1)
    del x
    gc.collect()
    assert seen == [1]
