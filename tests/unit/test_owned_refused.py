# SPDX-License-Identifier: MIT
"""Classes that @owned refuses: a TypeError that says what to do instead."""

from __future__ import annotations

import abc
import array
import asyncio
import concurrent.futures
import ctypes
import decimal
import enum
import io
import logging
import multiprocessing
import multiprocessing.pool
import multiprocessing.queues
import queue
import re
import socketserver
import subprocess
import sys
import threading
import types
import typing

import pytest

import owned


class Slotted:
    __slots__ = ("a",)


LAYOUTS = [
    list,
    dict,
    set,
    frozenset,
    tuple,
    int,
    str,
    bytes,
    bytearray,
    float,
    complex,
    Exception,
    OSError,
    type("T", (typing.NamedTuple,), {}) if False else typing.NamedTuple("Pair", [("a", int)]),
    types.ModuleType,
    types.SimpleNamespace,
    io.StringIO,
    io.RawIOBase,
    array.array,
    decimal.Decimal,
    ctypes.Structure,
    property,
    staticmethod,
]


@pytest.mark.parametrize("base", LAYOUTS, ids=lambda base: base.__name__)
def test_layout_of_a_builtin(base):
    """A subclass names the base and own(); also through a class in between, and beside a mixin."""

    class Mixin:
        pass

    direct = types.new_class("Direct", (base,))
    between = types.new_class("Between", (Mixin, direct))
    for cls in (direct, between):
        with pytest.raises(TypeError, match=r"own\(obj\)") as caught:
            owned.owned(cls)
        assert cls.__name__ in str(caught.value)
        assert "layout of" in str(caught.value)


@pytest.mark.parametrize("cls", [object, int, list, re.Pattern, array.array, types.FunctionType, owned.Region])
def test_types_made_in_c(cls):
    """A builtin type itself, static or on the heap, is refused."""
    with pytest.raises(TypeError, match=re.escape(cls.__name__)):
        owned.owned(cls)


def test_plain_slotted_base():
    """The base with slots is what has to be decorated."""

    class Sub(Slotted):
        pass

    class SubSub(Sub):
        __slots__ = ("b",)

    for cls in (Sub, SubSub):
        with pytest.raises(TypeError, match="Decorate Slotted with @owned instead"):
            owned.owned(cls)
    guarded = owned.owned(Slotted)
    assert issubclass(type("Fine", (guarded,), {}), owned.Owned)


@pytest.mark.parametrize("slots", [(), ("__weakref__",), ("__dict__",), ("__dict__", "__weakref__")], ids=repr)
def test_room_for_dict_and_weakrefs_is_no_field(slots):
    """A base that only adds a __dict__ or weak references is no obstacle."""
    base = type("Base", (), {"__slots__": slots})

    @owned.owned
    class K(base):
        __slots__ = ("a",)

    k = K()
    k.a = 1
    assert k.a == 1


@pytest.mark.parametrize(
    "base",
    [
        threading.Thread,
        threading.Timer,
        threading.Event,
        threading.Condition,
        threading.Semaphore,
        threading.BoundedSemaphore,
        threading.Barrier,
        threading.local,
        queue.Queue,
        queue.PriorityQueue,
        queue.SimpleQueue,
        concurrent.futures.ThreadPoolExecutor,
        concurrent.futures.Future,
        multiprocessing.Process,
        multiprocessing.queues.Queue,
        multiprocessing.pool.ThreadPool,
        socketserver.TCPServer,
        logging.Handler,
        owned.Lock,
        owned.RLock,
        asyncio.Queue,
        asyncio.Lock,
        asyncio.Event,
        asyncio.Condition,
        asyncio.Semaphore,
        asyncio.Future,
        asyncio.Task,
        asyncio.AbstractEventLoop,
    ],
    ids=lambda base: f"{base.__module__}.{base.__name__}",
)
def test_living_on_several_threads(base):
    """Threads, processes, executors, queues, locks and what belongs to an event loop: keep the data in a class of its
    own.
    """
    try:
        cls = types.new_class("Mine", (base,))
    except TypeError:
        cls = base
    with pytest.raises(TypeError, match="keep its data in an @owned object of its own"):
        owned.owned(cls)


def test_subclass_of_owned_and_thread():
    """Mixing the two is refused where the class is made."""

    @owned.owned
    class K:
        pass

    with pytest.raises(TypeError, match="lives on several threads"):

        class Both(K, threading.Thread):
            pass


@pytest.mark.parametrize("base", [enum.Enum, enum.IntEnum, enum.Flag, enum.StrEnum])
def test_enums(base):
    """Members are constants."""
    with pytest.raises(TypeError, match="enum Colour: its members are constants"):
        owned.owned(base("Colour", ["RED"]))


def test_protocols_metaclasses_containers():
    """A protocol, a metaclass, a subclass of List, Dict or Set."""

    class Shape(typing.Protocol):
        def area(self) -> float: ...

    class Meta(abc.ABCMeta):
        pass

    with pytest.raises(TypeError, match="guard the classes that implement it"):
        owned.owned(Shape)
    with pytest.raises(TypeError, match="metaclass Meta"):
        owned.owned(Meta)
    for base in (owned.List, owned.Dict, owned.Set):
        with pytest.raises(TypeError, match="guarded already"):
            owned.owned(type("Mine", (base,), {}))


def test_no_class():
    """What is no class is named by its type."""
    for value in (None.__class__(), 3, "x", len, lambda: 0):
        if value is None:
            continue
        with pytest.raises(TypeError, match="`cls` must be a class, got"):
            owned.owned(value)


def test_metaclass_with_options():
    """What was given to it is not known; deriving from Owned works."""

    class Meta(type):
        def __new__(mcs, name, bases, namespace, *, table=None):
            cls = super().__new__(mcs, name, bases, namespace)
            cls.table = table
            return cls

    class K(metaclass=Meta, table="k"):
        pass

    with pytest.raises(TypeError, match=r"class K\(Owned, ...\)"):
        owned.owned(K)

    class L(owned.Owned, metaclass=Meta, table="l"):
        pass

    assert L.table == "l"
    assert owned.state(L()) == "private"


def test_nothing_heavy_is_imported():
    """Importing owned does not import the modules whose classes it refuses, but queue, whose Empty channels raise."""
    code = (
        "import sys, threading; before = set(sys.modules); import owned\n"
        "heavy = {'asyncio', 'concurrent.futures', 'logging', 'multiprocessing', 'socketserver'}\n"
        "@owned.owned\nclass K: pass\nK()\n"
        "print(sorted(heavy & set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout == "[]\n"
