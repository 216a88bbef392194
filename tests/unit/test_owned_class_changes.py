# SPDX-License-Identifier: MIT
"""A class is changed after its instances were written: what each thread remembers of it holds no more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import owned

LIMIT = 30


def make(*, slots: bool) -> Any:
    """A fresh owned class, whose field ``a`` this thread has written."""
    namespace: dict[str, Any] = {"__slots__": ("a", "log")} if slots else {}
    cls = owned.owned(type("Thing", (), namespace))
    x = cls()
    for value in range(5):
        x.a = value
    return cls


class Logged:
    """Stands in a class for a field, and keeps what was written."""

    def __init__(self) -> None:
        self.written: list[object] = []

    def __get__(self, obj: object, kind: type) -> Any:
        return self

    def __set__(self, obj: object, value: object) -> None:
        self.written.append(value)


@pytest.mark.parametrize("slots", [True, False])
@pytest.mark.parametrize("how", ["descriptor", "property"])
def test_the_field_becomes_a_descriptor(slots: bool, how: str) -> None:
    """A descriptor that takes the place of a field gets the next write."""
    cls = make(slots=slots)
    x = cls()
    x.a = 1
    logged = Logged()
    cls.a = (
        logged
        if how == "descriptor"
        else property(lambda self: logged, lambda self, value: logged.written.append(value))
    )
    x.a = 2
    assert logged.written == [2]
    del cls.a
    if not slots:
        x.a = 3
        assert x.a == 3


def test_a_base_changes() -> None:
    """What a base gets between the class and its slot's own base is found, too."""
    cls = make(slots=True)
    middle = type("Middle", (cls,), {"__slots__": ()})
    last = type("Last", (middle,), {"__slots__": ()})
    x = last()
    x.a = 1
    logged = Logged()
    middle.a = logged  # type: ignore[attr-defined]  # not in the class statement
    x.a = 2
    del middle.a  # type: ignore[attr-defined]  # as above
    assert (logged.written, x.a) == ([2], 1)
    x.a = 3
    assert x.a == 3


def test_same_names_in_many_classes() -> None:
    """More classes and fields than are remembered: each write lands where it belongs."""
    names = [f"field_{number}" for number in range(8)]
    classes = [
        owned.owned(type(f"C{i}", (), {"__slots__": tuple(names[i % 8 :] + names[: i % 8])})) for i in range(200)
    ]
    instances = [cls() for cls in classes]
    for turn in range(3):
        for i, x in enumerate(instances):
            for j, name in enumerate(names):
                setattr(x, name, (turn, i, j))
    for i, x in enumerate(instances):
        assert [getattr(x, name) for name in names] == [(2, i, j) for j in range(8)]


def test_a_class_that_always_changes() -> None:
    """A class may run out of versions; its instances are written all the same, and checked."""
    cls = make(slots=True)
    x = cls()
    for turn in range(3000):
        cls.count = turn
        x.a = turn
        assert x.a == turn
    assert refused(lambda: setattr(x, "a", -1))
    assert x.a == 2999


def refused(touch: Callable[[], object]) -> bool:
    """Does it raise on another thread?"""
    answers: list[bool] = []

    def elsewhere() -> None:
        try:
            touch()
        except owned.WrongThreadError:
            answers.append(True)
        else:
            answers.append(False)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(LIMIT)
    return answers == [True]


def test_each_thread_finds_out_itself() -> None:
    """A thread that has written a class's fields learns of a change that another one makes."""
    cls = make(slots=True)
    changed, written, logged = threading.Event(), threading.Event(), Logged()

    def change() -> None:
        assert written.wait(LIMIT)
        cls.a = logged
        changed.set()

    thread = threading.Thread(target=change)
    thread.start()
    x = cls()
    x.a = 1
    written.set()
    assert changed.wait(LIMIT)
    x.a = 2
    thread.join(LIMIT)
    assert logged.written == [2]


def test_kept_values_are_settled() -> None:
    """A list that follows a number in the same field is guarded like the first one ever written."""
    for slots in (True, False):
        x = make(slots=slots)()
        x.a = 1
        x.a = [1]
        assert type(x.a) is owned.List
        x.a = (1,)
        x.a = {1}
        assert type(x.a) is owned.Set


def test_what_a_shared_object_gets_joins_it() -> None:
    """A private object that is written into a field remembered from private ones joins the shared one's region."""
    cls = make(slots=True)
    x, inner, lock = cls(), cls(), owned.Lock()
    inner.a = 1
    x.a = inner
    owned.share(x, lock=lock)
    other = cls()
    other.a = 2
    with lock:
        x.a = other
    assert owned.state(other) == "shared"
    with pytest.raises(owned.LockNotHeldError):
        other.a = 3


@pytest.mark.parametrize("slots", [True, False])
def test_frozen_is_refused(slots: bool) -> None:
    """Remembered fields of a class do not let a frozen instance be written, through Owned's own setter neither."""
    cls = make(slots=slots)
    x = cls()
    x.a = 1
    owned.freeze(x)
    with pytest.raises(owned.FrozenError):
        x.a = 2
    with pytest.raises(owned.FrozenError):
        owned.Owned.__setattr__(x, "a", 2)
    assert x.a == 1


def test_dropped_values_die() -> None:
    """The value that a write replaces is let go of, and its finalizer may write the very field."""
    cls = make(slots=True)
    x = cls()
    died: list[int] = []

    class Last:
        def __del__(self) -> None:
            died.append(x.a)
            x.a = 7

    x.a = Last()
    x.a = 5
    assert (died, x.a) == ([5], 7)
