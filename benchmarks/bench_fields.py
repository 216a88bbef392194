# SPDX-License-Identifier: MIT
"""Reading, writing and deleting a field, a method call, a method that reads two fields and writes one, creation, and
memory, on one thread, of objects that this thread owns.

Four kinds of classes, each beside the plain class of its kind: fields in slots, fields in a ``__dict__``, wrappers
around a plain object, and what else checks each access: a thread check written in Python (``__getattribute__`` and
``__setattr__``) and ``persistent``. Each guarded class in every mode. In mode ``off`` the decorator returns the class
it got, which is made sure of: what differs there is noise.

``the check itself`` is the one row where something is taken off: ``sqlite3``'s thread check is the time of
``cursor.fetchone()`` of a connection made with ``check_same_thread=True`` less that of one made without. Ours is that
of ``len()`` of a ``List`` less that of a ``list``, the same way through C with and without a check; and that of a field
of a guarded class less that of a plain one, which takes the interpreter's short cut to fields, so that what is lost
there is counted, too. In mode ``checked``.

Memory per object is told twice: what was asked for (with the collector's header and with what belongs to the object:
its ``__dict__``, and strict mode's notes), and what it costs the process (resident pages, by 40,000
objects), where the allocator rounds up. The values of the fields are not counted, since all objects have the same; nor
is what a wrapper wraps.

Not measured: contention, shared and frozen objects (see the questions about locks and about graphs).
"""

from __future__ import annotations

import functools
import json
import os
import sqlite3
import statistics
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any

import attrs

import owned
from benchmarks.harness import REPEATS, Case, Time, importable, not_importable, statement
from benchmarks.subjects import (
    MODES,
    WRAPPER_MODULES,
    WRAPT,
    ZOPE_PROXY,
    ZOPE_SECURITY,
    in_mode,
    mode_of,
    wrappers,
)
from owned import _core

QUESTION = "Fields, methods and creation"
BODY = """
class Subject{bases}:
    {slots}
    def __init__(self):
        self.a = 1
        self.b = 2
    def nothing(self):
        pass
    def fields(self):
        self.a = self.b + self.b
"""
OPERATIONS = {
    "read": "x.a",
    "write": "x.a = 1",
    "write and delete": "x.a = 1\ndel x.a",
    "method call": "x.nothing()",
    "method with 3 accesses": "x.fields()",
}


def missing() -> list[str]:
    return not_importable(*WRAPPER_MODULES, "persistent")


def make_class(*, slots: bool = False, bases: tuple[type, ...] = ()) -> Any:
    """The class under test. Each case gets one of its own: changing the mode changes all that are guarded."""
    names = [f"Base{number}" for number in range(len(bases))]
    space: dict[str, Any] = dict(zip(names, bases, strict=True))
    source = BODY.format(
        bases=f"({', '.join(names)})" if names else "", slots='__slots__ = ("a", "b")' if slots else ""
    )
    exec(source, space)
    return space["Subject"]


def untouched(cls: type) -> type:
    """What `@owned` makes of a class in mode off: the same class."""
    before = _core.get_mode()
    _core.set_mode(0)
    try:
        made = owned.owned(cls)
    finally:
        _core.set_mode(before)
    if made is not cls:
        raise AssertionError("mode off has made another class")
    return made


@attrs.frozen
class Subject:
    """Who is measured, and how.

    Attributes:
        name: What it is called.
        make_class: Makes what makes an object.
        mode: The mode it is measured in; None for what does not care.
        goals: What may be its ratio to its peer, by operation.
        also: What may be its ratio to others.
    """

    name: str
    make_class: Callable[[], Callable[[], Any]]
    mode: str | None = None
    goals: dict[str, float] = attrs.field(factory=dict)
    also: dict[str, dict[str, float]] = attrs.field(factory=dict)


# Classes.

OFF_GOALS = dict.fromkeys([*OPERATIONS, "creation", "memory"], 1.02)  # it is 1: the same class
GUARD_GOALS = {"read": 1.05, "method call": 1.05, "write": 2.0}
SLOTS_GOALS = {
    "off": OFF_GOALS,
    "guard": GUARD_GOALS | {"creation": 1.3},
    "checked": {"read": 2.0, "write": 2.0, "method call": 1.05, "method with 3 accesses": 1.6, "creation": 1.3},
}
DICT_GOALS = {
    "off": OFF_GOALS,
    "guard": GUARD_GOALS,
    "checked": {"read": 2.5, "write": 2.5, "method call": 1.1},
}


def python_check(*, slots: bool) -> Any:
    """A class whose thread is checked by Python code."""
    plain: Any = make_class(slots=slots)

    class Checked(plain):  # type: ignore[misc, unused-ignore]  # a base made by exec
        __slots__ = ("owner",) if slots else ()

        def __init__(self) -> None:
            object.__setattr__(self, "owner", threading.get_ident())
            plain.__init__(self)

        def __getattribute__(self, name: str) -> Any:
            if object.__getattribute__(self, "owner") != threading.get_ident():
                raise RuntimeError(name)
            return object.__getattribute__(self, name)

        def __setattr__(self, name: str, value: object) -> None:
            if object.__getattribute__(self, "owner") != threading.get_ident():
                raise RuntimeError(name)
            object.__setattr__(self, name, value)

        def __delattr__(self, name: str) -> None:
            if object.__getattribute__(self, "owner") != threading.get_ident():
                raise RuntimeError(name)
            object.__delattr__(self, name)

    return Checked


def attrs_class() -> Any:
    """A class with slots as attrs makes it."""

    class WithAttrs:
        a: int = 1
        b: int = 2

        def nothing(self) -> None:
            pass

        def fields(self) -> None:
            self.a = self.b + self.b

    return attrs.define(WithAttrs)


def classes(*, slots: bool) -> list[Subject]:
    """Those with slots, or those with a ``__dict__``: the plain one first."""
    kind = "slots" if slots else "dict"
    goals = SLOTS_GOALS if slots else DICT_GOALS
    plain = functools.partial(make_class, slots=slots)
    found = [
        Subject(f"plain {kind}", plain),
        Subject(f"owned {kind}, off", lambda: untouched(plain()), goals=OFF_GOALS),
    ]
    for mode in MODES:
        found.append(Subject(f"owned {kind}, {mode}", lambda: owned.owned(plain()), mode, goals.get(mode, {})))
    found.append(Subject(f"Python thread check, {kind}", functools.partial(python_check, slots=slots)))
    if slots:
        found.append(Subject("attrs slots", attrs_class))
    elif (persistent := importable("persistent")) is not None:
        found.append(Subject("persistent", functools.partial(make_class, bases=(persistent.Persistent,))))
    return found


# Wrappers.

WRAPPER_OPERATIONS = [*OPERATIONS, "creation", "memory"]
WRAPPER_GOALS = {
    what: {ZOPE_PROXY: 1.0, ZOPE_SECURITY: 1.0} for what in WRAPPER_OPERATIONS if what not in ("creation", "memory")
}
WRAPPER_GOALS["read"] = {WRAPT: 1 / 25, ZOPE_PROXY: 1.0, ZOPE_SECURITY: 0.1}
WRAPPER_GOALS["method call"] = {WRAPT: 1 / 12, ZOPE_PROXY: 1.0, ZOPE_SECURITY: 0.1}
WRAPPER_GOALS["creation"] = {ZOPE_PROXY: 1.0, ZOPE_SECURITY: 1.0}
WRAPPER_GOALS["memory"] = {ZOPE_SECURITY: 1.0}


def wrapped(inside: int) -> list[Subject]:
    """All of them, around so many plain objects that are there already."""

    def around(wrap: Callable[[Any], Any]) -> Callable[[], Callable[[], Any]]:
        def make() -> Callable[[], Any]:
            cls = make_class()
            objects = iter([cls() for _ in range(inside)])
            return lambda: wrap(next(objects))

        return make

    found = [Subject("plain dict", make_class)]
    for mode in MODES:
        found.append(
            Subject(f"own(), {mode}", around(owned.own), mode, also=WRAPPER_GOALS if mode == "checked" else {})
        )
    return found + [Subject(name, around(wrap)) for name, wrap in wrappers("a", "b", "nothing", "fields").items()]


# The rows.


def operations(kind: str, subjects: list[Subject]) -> list[Case]:
    """What is done with an object that is there."""
    peer = subjects[0].name
    return [
        Case(
            f"{what}, {kind}",
            subject.name,
            in_mode(subject.mode, _with_object(code, subject)),
            peer,
            subject.goals.get(what),
            also=subject.also.get(what, {}),
            per_loop=REPEATS,
        )
        for what, code in OPERATIONS.items()
        for subject in subjects
    ]


def _with_object(code: str, subject: Subject) -> Time:
    """The time of `code`, where ``x`` is an object that is made in the subject's mode at the first call."""
    made: list[Time] = []
    make = subject.make_class()

    def timed(loops: int) -> float:
        if not made:
            made.append(statement(code, {"x": make()}))
        return made[0](loops)

    return timed


def creations(kind: str, subjects: list[Subject]) -> list[Case]:
    """Making an object and dropping it."""
    return [
        Case(
            f"creation, {kind}",
            subject.name,
            in_mode(subject.mode, statement("make()", {"make": subject.make_class()})),
            subjects[0].name,
            subject.goals.get("creation"),
            per_loop=REPEATS,
        )
        for subject in subjects
    ]


def wrappings() -> list[Case]:
    """Wrapping an object that is there, and dropping the wrapper."""
    subjects: dict[str, tuple[Callable[[Any], Any], str | None]] = {
        f"own(), {mode}": (owned.own, mode) for mode in MODES
    }
    subjects |= {name: (wrap, None) for name, wrap in wrappers("a", "b", "nothing", "fields").items()}
    peer = WRAPT if WRAPT in subjects else "own(), checked"
    return [
        Case(
            "creation, wrappers",
            name,
            in_mode(mode, statement("wrap(x)", {"wrap": wrap, "x": make_class()()})),
            peer,
            also=WRAPPER_GOALS["creation"] if name == "own(), checked" else {},
            per_loop=REPEATS,
        )
        for name, (wrap, mode) in subjects.items()
    ]


def the_check() -> list[Case]:
    """What it costs to look whose something is, and nothing else."""
    what, sqlite = "the check itself", "sqlite3 check_same_thread"
    cursors = [sqlite3.connect(":memory:", check_same_thread=check).cursor() for check in (True, False)]
    cases = [Case(what, sqlite, net(*[statement("x()", {"x": cursor.fetchone}) for cursor in cursors]), sqlite)]
    for name, code in {"read": "x.a", "write": "x.a = 1"}.items():
        for kind, slots in {"slots": True, "dict": False}.items():
            guarded, plain = owned.owned(make_class(slots=slots))(), make_class(slots=slots)()
            time = net(statement(code, {"x": guarded}), statement(code, {"x": plain}))
            subject = f"{name}, owned {kind}, checked"
            cases.append(Case(what, subject, in_mode("checked", time), sqlite, 0.5 if slots else None))
    length = [statement("len(x)", {"x": nothing}) for nothing in (owned.List(), list[object]())]
    cases.append(Case(what, "len() of a List, checked", in_mode("checked", net(*length)), sqlite, 0.5))
    return [attrs.evolve(case, per_loop=REPEATS) for case in cases]


def net(more: Time, less: Time) -> Time:
    """The time of one less that of the other, which take turns in between. At least 0.01 ns each."""

    def timed(loops: int) -> float:
        part = max(1, loops // 9)
        differences = [more(part) - less(part) for _ in range(9)]
        return max(statistics.median(differences) / part, 1e-11 * REPEATS) * loops

    return timed


# Memory.

MANY = 40_000


def memory(kind: str, subjects: list[Subject]) -> list[Case]:
    """Bytes of an object: asked for, and resident."""
    cases = []
    for what, count in {"asked for": _asked_for, "resident": _resident}.items():
        times = {subject.name: functools.cache(functools.partial(_bytes_of, subject, count)) for subject in subjects}
        for subject in subjects:
            goal = subject.goals.get("memory")
            if kind == "slots" and count is _asked_for and subject.name.endswith(("guard", "checked")):
                plain = times[subjects[0].name](1)
                goal = (plain + 8) / plain
            cases.append(
                Case(
                    f"memory {what}, {kind}",
                    subject.name,
                    times[subject.name],
                    subjects[0].name,
                    goal,
                    also=subject.also.get("memory", {}),
                    unit="byte",
                    rounds=1,
                )
            )
    return cases


def _bytes_of(subject: Subject, count: Callable[[Callable[[], Any]], float], loops: int) -> float:
    """Of each of many objects; found out in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            with mode_of(subject.mode):
                os.write(writer, json.dumps(count(subject.make_class())).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as file:
        told = file.read()
    os.waitpid(child, 0)
    return float(json.loads(told))


def _asked_for(make: Callable[[], Any]) -> float:
    kept = [None] * MANY
    make()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(MANY):
        kept[number] = make()
    return (tracemalloc.get_traced_memory()[0] - before) / MANY


def _resident(make: Callable[[], Any]) -> float:
    kept = [None] * MANY
    filling = [bytes(size) for size in range(1, 512, 16) for _ in range(1000)]  # what was free before is taken
    before = _resident_bytes()
    for number in range(MANY):
        kept[number] = make()
    after = _resident_bytes()
    del filling
    return (after - before) / MANY


def _resident_bytes() -> int:
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Anonymous:")) * 1024


def cases() -> list[Case]:
    found = []
    for kind, subjects in {"slots": classes(slots=True), "dict": classes(slots=False)}.items():
        found += operations(kind, subjects) + creations(kind, subjects)
    found += operations("wrappers", wrapped(1)) + wrappings() + the_check()
    if hasattr(os, "fork") and os.path.exists("/proc/self/smaps_rollup"):
        found += memory("slots", classes(slots=True)) + memory("dict", classes(slots=False))
        found += memory("wrappers", wrapped(MANY + 1))
    return found
