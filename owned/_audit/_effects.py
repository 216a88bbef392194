# SPDX-License-Identifier: MIT
"""What is known of methods and functions: how they read and write the containers that they are given.

An effect is written as csrc/audit/effects.c reads it. Put into words: ``L0`` the structure of argument 0 is read,
``A0`` all of it, ``I0`` it is iterated over later on, ``G0`` an indivisible update that leaves other items where
they are, ``U0`` one that may change any, ``W0`` all of it is written step by step; ``r01``, ``w01``, ``x01``,
``d01`` item 1 of 0 is read, written, updated indivisibly, deleted; ``p01`` item 1 (or the last one) is taken out of
a sequence; ``u01`` argument 1 is put into mapping 0; ``>0`` and ``<0`` what puts something in and what takes it out
again put threads into order; ``g01``, ``s01`` attribute 1 of 0 is read, written; ``v0`` its attributes are looked
at as a dict. ``*`` means all further arguments as well. Of a method argument 0 is the object.

CPython makes each call of a builtin type's method indivisible, with and without the GIL, unless it runs code of the
program in between: those are the ones with ``W0``.
"""

from __future__ import annotations

import _thread
import array
import bisect
import builtins
import collections
import copy
import functools
import heapq
import itertools
import math
import operator
import queue
import random
import statistics
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from owned._audit import _detector

_LIST = {
    "append": "G0 >0",
    "clear": "U0",
    "copy": "A0",
    "count": "A0",
    "extend": "A1 G0 >0",
    "index": "A0",
    "insert": "U0 >0",
    "pop": "p01 <0",
    "remove": "U0 <0",
    "reverse": "W0",
    "sort": "W0",
    "__getitem__": "r01",
    "__setitem__": "w01",
    "__delitem__": "d01",
    "__contains__": "A0",
    "__iter__": "A0",
    "__reversed__": "A0",
    "__len__": "L0",
    "__iadd__": "A1 G0 >0",
    "__imul__": "U0",
    "__eq__": "A0 A1",
    "__add__": "A0 A1",
    "__mul__": "A0",
    "__init__": "A1 U0",
}

_DEQUE = {
    "append": "G0 >0",
    "appendleft": "U0 >0",
    "clear": "U0",
    "copy": "A0",
    "count": "A0",
    "extend": "A1 G0 >0",
    "extendleft": "A1 U0 >0",
    "index": "A0",
    "insert": "U0 >0",
    "pop": "G0 <0",
    "popleft": "U0 <0",
    "remove": "U0 <0",
    "reverse": "W0",
    "rotate": "U0",
    "__getitem__": "r01",
    "__setitem__": "w01",
    "__delitem__": "d01",
    "__contains__": "A0",
    "__iter__": "A0",
    "__reversed__": "A0",
    "__len__": "L0",
    "__iadd__": "A1 G0 >0",
    "__eq__": "A0 A1",
}

_BYTEARRAY = {
    name: effect
    for name, effect in _LIST.items()
    if name in {"append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse"}
    or (name.startswith("__") and name not in {"__reversed__"})
} | dict.fromkeys(
    (
        "decode",
        "endswith",
        "find",
        "hex",
        "join",
        "lower",
        "partition",
        "replace",
        "rfind",
        "split",
        "startswith",
        "splitlines",
        "strip",
        "translate",
        "upper",
        "title",
        "isalpha",
        "isdigit",
        "ljust",
        "rjust",
        "center",
        "zfill",
    ),
    "A0",
)

_ARRAY = {
    "append": "G0 >0",
    "buffer_info": "L0",
    "byteswap": "W0",
    "count": "A0",
    "extend": "A1 G0 >0",
    "frombytes": "G0 >0",
    "fromlist": "A1 G0 >0",
    "index": "A0",
    "insert": "U0 >0",
    "pop": "p01 <0",
    "remove": "U0 <0",
    "reverse": "W0",
    "tobytes": "A0",
    "tolist": "A0",
    "__getitem__": "r01",
    "__setitem__": "w01",
    "__delitem__": "d01",
    "__contains__": "A0",
    "__len__": "L0",
    "__iter__": "A0",
}

_DICT = {
    "clear": "U0",
    "copy": "A0",
    "get": "r01",
    "items": "L0",
    "keys": "L0",
    "pop": "x01 <0",
    "popitem": "U0 <0",
    "setdefault": "x01 >0",
    "update": "u01 >0",
    "values": "L0",
    "__getitem__": "r01",
    "__setitem__": "w01",
    "__delitem__": "d01",
    "__contains__": "r01",
    "__iter__": "A0",
    "__reversed__": "A0",
    "__len__": "L0",
    "__eq__": "A0 A1",
    "__or__": "A0 A1",
    "__ior__": "u01 >0",
    "__init__": "u01",
}

_ORDERED = {
    name: effect
    for name, effect in _DICT.items()
    if name not in {"get", "__getitem__", "__contains__", "__len__", "__or__"}
} | {"move_to_end": "U0"}

_DEFAULT = {"copy": "A0", "__missing__": "w01"}

_SET = {
    "add": "x01 >0",
    "clear": "U0",
    "copy": "A0",
    "difference": "A0 A1*",
    "difference_update": "A1* U0",
    "discard": "x01",
    "intersection": "A0 A1*",
    "intersection_update": "A1* U0",
    "isdisjoint": "A0 A1",
    "issubset": "A0 A1",
    "issuperset": "A0 A1",
    "pop": "U0 <0",
    "remove": "x01 <0",
    "symmetric_difference": "A0 A1",
    "symmetric_difference_update": "A1 U0",
    "union": "A0 A1*",
    "update": "A1* G0 >0",
    "__contains__": "r01",
    "__iter__": "A0",
    "__len__": "L0",
    "__eq__": "A0 A1",
    "__or__": "A0 A1",
    "__and__": "A0 A1",
    "__sub__": "A0 A1",
    "__xor__": "A0 A1",
    "__ior__": "A1 G0",
    "__iand__": "A1 U0",
    "__isub__": "A1 U0",
    "__ixor__": "A1 U0",
    "__init__": "A1 U0",
}

# In Python: they read and write their items one by one.
_COUNTER = {
    "update": "A1 W0",
    "subtract": "A1 W0",
    "elements": "A0",
    "most_common": "A0",
    "total": "A0",
    "copy": "A0",
    "__iadd__": "A1 W0",
    "__isub__": "A1 W0",
    "__ior__": "A1 W0",
    "__iand__": "A1 W0",
    "__add__": "A0 A1",
    "__sub__": "A0 A1",
    "__delitem__": "d01",
}

_TYPES: dict[type, dict[str, str]] = {
    list: _LIST,
    dict: _DICT,
    set: _SET,
    bytearray: _BYTEARRAY,
    collections.deque: _DEQUE,
    array.array: _ARRAY,
    collections.OrderedDict: _ORDERED,
    collections.defaultdict: _DEFAULT,
    collections.Counter: _COUNTER,
}

_READ_ALL = "A0*"
_FUNCTIONS: dict[Callable[..., Any], str] = {
    len: "L0",
    iter: "A0",
    reversed: "A0",
    getattr: "g01",
    hasattr: "g01",
    setattr: "s01",
    delattr: "s01",
    vars: "v0",
    enumerate: "I0",
    zip: "I0*",
    map: "I1*",
    filter: "I1",
    sorted: _READ_ALL,
    sum: _READ_ALL,
    min: _READ_ALL,
    max: _READ_ALL,
    any: _READ_ALL,
    all: _READ_ALL,
    repr: _READ_ALL,
    ascii: _READ_ALL,
    format: _READ_ALL,
    print: _READ_ALL,
    list: _READ_ALL,
    tuple: _READ_ALL,
    set: _READ_ALL,
    frozenset: _READ_ALL,
    dict: _READ_ALL,
    str: _READ_ALL,
    bytes: _READ_ALL,
    bytearray: _READ_ALL,
    memoryview: _READ_ALL,
    bool: "L0",
    collections.deque: _READ_ALL,
    collections.Counter: _READ_ALL,
    collections.OrderedDict: _READ_ALL,
    heapq.heappush: "W0 >0",
    heapq.heappop: "W0 <0",
    heapq.heapify: "W0",
    heapq.heapreplace: "W0",
    heapq.heappushpop: "W0",
    heapq.merge: "I0*",
    heapq.nlargest: "A1",
    heapq.nsmallest: "A1",
    bisect.bisect_left: "A0",
    bisect.bisect_right: "A0",
    bisect.insort_left: "W0",
    bisect.insort_right: "W0",
    random.shuffle: "W0",
    random.choice: "A0",
    random.choices: "A0",
    random.sample: "A0",
    copy.copy: "A0",
    copy.deepcopy: "A0",
    functools.reduce: "A1",
    itertools.chain: "I0*",
    itertools.islice: "I0",
    itertools.zip_longest: "I0*",
    itertools.accumulate: "I0",
    itertools.groupby: "I0",
    itertools.takewhile: "I1",
    itertools.dropwhile: "I1",
    itertools.filterfalse: "I1",
    itertools.starmap: "I1",
    itertools.pairwise: "I0",
    itertools.cycle: "A0",
    itertools.product: _READ_ALL,
    itertools.permutations: "A0",
    itertools.combinations: "A0",
    math.fsum: "A0",
    math.prod: "A0",
    operator.getitem: "r01",
    operator.setitem: "w01",
    operator.delitem: "d01",
    operator.contains: "A0",
    operator.length_hint: "L0",
    operator.iadd: "A1 G0",
    statistics.mean: "A0",
    statistics.median: "A0",
    statistics.fmean: "A0",
    statistics.stdev: "A0",
}


def _methods() -> Iterator[tuple[tuple[type, str], str]]:
    """Those that the type itself defines on this version, so that each is known once."""
    for owner, effects in _TYPES.items():
        for name, effect in effects.items():
            if name in vars(owner):
                yield (owner, name), effect


_detector.learn(dict(_methods()), _FUNCTIONS)

# They guard themselves, or belong to one thread.
_detector.add_synchronized(
    _thread.LockType,
    type(threading.RLock()),
    threading.local,
    queue.SimpleQueue,
    weakref.ReferenceType,
    weakref.ProxyType,
    weakref.CallableProxyType,
)
_detector.add_synchronized(
    threading.Condition,
    threading.Semaphore,
    threading.BoundedSemaphore,
    threading.Event,
    threading.Barrier,
    queue.Queue,
    queue.LifoQueue,
    queue.PriorityQueue,
    exact=True,
)

METHODS: frozenset[str] = frozenset(
    {name for effects in _TYPES.values() for name in effects}
    | {function.__name__ for function in _FUNCTIONS if getattr(builtins, function.__name__, None) is not function}
    | {"bisect", "insort"}
)
_ALIASES = {"bisect", "insort"}
FUNCTIONS: frozenset[str] = frozenset(function.__name__ for function in _FUNCTIONS) | _ALIASES
