# SPDX-License-Identifier: MIT
"""The mode is switched while other threads read, write and make classes: no write is unchecked, no class missed."""

from __future__ import annotations

import itertools
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import owned
from crowd import crowd
from owned import _core

SWITCHES = 24
CLASSES = 80
MODES = ("guard", "checked", "guard", "strict")


@pytest.fixture(autouse=True)
def threads_take_turns() -> Iterator[None]:
    """With the GIL, let another thread run in the middle of a switch."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


class Work:
    """Roles that go on while one thread switches the mode, so often that each has had a turn during a switch.

    Between two switches each has at least one turn.
    """

    def __init__(self, *roles: Callable[[], None]) -> None:
        self.turns_in_switch = [0] * len(roles)
        self._roles = roles
        self._clock = 0  # odd while the mode is being switched
        self._done = False
        self._due: set[int] = set()
        self._changed = threading.Condition()

    def run(self) -> None:
        """One thread for each role, and one that switches."""
        with owned.checked():
            crowd(len(self._roles) + 1, self._play)
        assert min(self.turns_in_switch) > 0, "nothing ran during a switch"

    def _play(self, number: int) -> None:
        try:
            if number == len(self._roles):
                self._switch()
            while not self._done:
                began = self._clock
                self._roles[number]()
                self.turns_in_switch[number] += began % 2 == 1 or self._clock != began
                with self._changed:
                    self._due.discard(number)
                    self._changed.notify_all()
        finally:
            self._done = True  # a role that fails ends the others
            with self._changed:
                self._changed.notify_all()

    def _switch(self) -> None:
        for number, mode in zip(range(20 * SWITCHES), itertools.cycle(MODES), strict=False):
            if number >= SWITCHES and min(self.turns_in_switch) > 0:
                break
            self._clock += 1
            owned.configure(mode=mode)
            self._clock += 1
            with self._changed:
                self._due.update(range(len(self._roles)))
                assert self._changed.wait_for(lambda: self._done or not self._due, 30)
            if self._done:
                return
        self._done = True


def make_class(*, slots: bool) -> Any:
    @owned.owned
    class Made:
        if slots:
            __slots__ = ("a", "b")

        def __init__(self) -> None:
            self.a = 1
            self.b = 0

        def double(self) -> int:
            return self.a * 2

    return Made


def refused(touch: Callable[[], object]) -> bool:
    try:
        touch()
    except owned.OwnershipError:  # WrongThreadError, or OrphanedError at the end
        return True
    return False


def test_no_write_goes_unchecked() -> None:
    """Whatever the moment, a write of a thread that does not own the object is refused; the owner's own never is."""
    classes = [make_class(slots=True), make_class(slots=False)]
    classes.append(type("Sub", (classes[0],), {"__slots__": ("c",)}))
    classes.append(type("Mixed", (classes[0],), {}))
    ready = threading.Event()
    objects: list[Any] = []
    containers: list[Any] = []

    def own() -> None:
        if not objects:
            objects.extend(cls() for cls in classes)
            containers.extend((owned.List([1]), owned.own([1])))
            ready.set()
        for x in objects:
            x.b += 1
            assert (x.a, x.double()) == (1, 2)
        for items in containers:
            items.append(2)
            assert items.pop() == 2

    def write() -> None:
        assert ready.wait(30)
        for x in objects:
            assert refused(lambda x=x: setattr(x, "a", 2))
            assert refused(lambda x=x: setattr(x, "a", []))
            assert refused(lambda x=x: delattr(x, "a"))
        for items in containers:
            assert refused(lambda items=items: items.append(3))

    def read() -> None:
        assert ready.wait(30)
        for x in objects:
            for touch in (lambda x=x: x.a, lambda x=x: x.double()):
                try:
                    assert touch() in (1, 2)
                except owned.OwnershipError:
                    pass  # it was checked

    Work(own, write, read).run()
    with owned.guard():
        assert [x.a for x in objects] == [1] * len(classes)
        assert list(containers[0]) == [1]


def test_no_class_is_missed() -> None:
    """A class made during a switch is checked from its first instance on, and of the right mode in the end."""
    made: list[Any] = []
    fresh: list[Any] = []

    def make() -> None:
        if len(made) >= CLASSES:
            return
        cls = make_class(slots=len(made) % 2 == 0)
        sub = type("Sub", (cls,), {"__slots__": ("c",)})
        instance = sub()
        instance.a = 1
        made.extend((cls, sub))
        fresh.append(instance)

    def write() -> None:
        if fresh:
            instance = fresh[-1]
            assert refused(lambda: setattr(instance, "a", 2))
            assert refused(lambda: setattr(instance, "c", 2))

    Work(make, make, write).run()
    assert len(made) >= CLASSES
    for mode, kind, reads in (("checked", _core.CheckedSlot, False), ("guard", types.MemberDescriptorType, True)):
        with owned.configure(mode=mode):
            assert {type(slot) for cls in made for name, slot in vars(cls).items() if name in ("a", "b", "c")} <= {kind}
            assert {refused(lambda x=x: x.a) for x in fresh} == {not reads}
            assert {refused(lambda x=x: setattr(x, "a", 2)) for x in fresh} == {True}


def test_threads_switch_at_once() -> None:
    """Several threads that switch leave the mode and the classes agreeing."""
    cls = make_class(slots=True)
    with owned.checked():
        crowd(4, lambda number: [owned.configure(mode=MODES[(number + i) % 4]) for i in range(10)] and None)
        kinds = {"guard": types.MemberDescriptorType, "checked": _core.CheckedSlot, "strict": _core.CheckedSlot}
        assert type(vars(cls)["a"]) is kinds[owned.mode()]
