# SPDX-License-Identifier: MIT
"""The mode guard: writes are checked, reads pass and are native, and everything else is as it was."""

from __future__ import annotations

import copy
import dataclasses
import dis
import pickle
import platform
import sys
import sysconfig
import types
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

import owned
from owned import _core


@pytest.fixture(autouse=True)
def in_guard() -> Iterator[None]:
    """Every test is in guard."""
    with owned.guard():
        yield


@owned.owned
class Slots:
    """Fields in slots. Made in the mode that the process began with."""

    __slots__ = ("__weakref__", "a", "b")

    def __init__(self, a: Any = 1, b: Any = 2) -> None:
        self.a = a
        self.b = b

    def total(self) -> Any:
        return self.a + self.b


@owned.owned
class Below(Slots):
    """A subclass with a slot of its own."""

    __slots__ = ("c",)


@owned.owned
class Dicted:
    """Fields in a __dict__."""

    def __init__(self, a: Any = 1, b: Any = 2) -> None:
        self.a = a
        self.b = b

    def total(self) -> Any:
        return self.a + self.b


def made_in_guard() -> type:
    @owned.owned
    class Made(Slots):
        __slots__ = ("d",)

    return Made


KINDS: dict[str, Callable[[], Any]] = {
    "slots": Slots,
    "a subclass": Below,
    "dict": Dicted,
    "made in guard": lambda: made_in_guard()(),
    "slots below dict": lambda: type("Mixed", (Slots,), {})(),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def make(request: pytest.FixtureRequest) -> Any:
    """Each kind of class."""
    return request.param


WRITES: dict[str, Callable[[Any], Any]] = {
    "assign": lambda x: setattr(x, "a", 5),
    "assign a list": lambda x: setattr(x, "a", []),
    "delete": lambda x: delattr(x, "a"),
    "__setattr__": lambda x: x.__setattr__("a", 5),
    "__delattr__": lambda x: x.__delattr__("a"),
    "Owned.__setattr__": lambda x: owned.Owned.__setattr__(x, "a", 5),
    "super().__setattr__": lambda x: super(type(x), x).__setattr__("a", 5),
    "__class__": lambda x: setattr(x, "__class__", Slots),
}


def test_reads_pass(make: Any, elsewhere: Any) -> None:
    """Another thread reads fields, calls methods that read, and gets the repr."""
    x = make()
    assert elsewhere(lambda: (x.a, x.total(), hasattr(x, "nothing"))) == (1, 3, False)
    assert "owned by" not in elsewhere(repr, x)
    assert x.total() == 3


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_writes_are_checked(write: Any, make: Any, elsewhere: Any) -> None:
    """Another thread's writes are refused and change nothing; the owner's are not."""
    x = make()
    with pytest.raises(owned.WrongThreadError):
        elsewhere(write, x)
    assert (x.a, x.b) == (1, 2)
    if write is not WRITES["__class__"]:
        write(x)
        assert getattr(x, "a", None) != 1


def test_writes_under_a_lock(make: Any, elsewhere: Any) -> None:
    """A shared object is written under its lock, by any thread, and read without."""
    x = owned.share(make())

    def write() -> None:
        with owned.locked(x):
            x.a = 7

    elsewhere(write)
    with pytest.raises(owned.LockNotHeldError):
        x.a = 8
    assert x.a == 7


def test_what_is_stored_is_guarded(make: Any, elsewhere: Any) -> None:
    """A plain list stored in a field becomes a List in the same hands, and a private object joins a shared one."""
    x = make()
    x.a, x.b = [1], {"k": [2]}
    assert type(x.a) is owned.List
    assert type(x.b["k"]) is owned.List
    with pytest.raises(owned.WrongThreadError):
        elsewhere(lambda: x.a.append(2))
    inner = make()
    owned.share(x)
    with owned.locked(x):
        x.a = inner
    assert owned.state(inner) == "shared"


def test_a_property_may_take_its_own_lock(elsewhere: Any) -> None:
    """Only fields are checked in a class with slots: a property decides itself what it touches."""

    @owned.owned
    class Counter:
        __slots__ = ("_n", "lock")

        def __init__(self) -> None:
            self.lock = owned.RLock()
            self._n = 0

        @property
        def n(self) -> int:
            return self._n

        @n.setter
        def n(self, value: int) -> None:
            with self.lock:
                self._n = value

    counter = Counter()
    owned.share(counter, lock=counter.lock)
    elsewhere(setattr, counter, "n", 3)
    assert counter.n == 3


CONTAINERS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "List": (lambda: owned.List([1]), lambda x: (x[0], len(x), list(x), x.index(1)), lambda x: x.append(1)),
    "Dict": (lambda: owned.Dict(a=1), lambda x: (x["a"], list(x.items()), "a" in x), lambda x: x.update(b=1)),
    "Set": (lambda: owned.Set([1]), lambda x: (1 in x, x | {2}, list(x)), lambda x: x.add(2)),
    "wrapper": (lambda: owned.own([1]), lambda x: (x[0], len(x), list(x)), lambda x: x.__setitem__(0, 1)),
    "called wrapper": (lambda: owned.own([1]), lambda x: x == [1], lambda x: x.sort()),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_and_wrappers(name: str, elsewhere: Any) -> None:
    """Reads of another thread's pass, what may change it is refused."""
    make, read, write = CONTAINERS[name]
    x = make()
    assert elsewhere(read, x) == read(x)
    with pytest.raises(owned.WrongThreadError):
        elsewhere(write, x)
    write(x)


@pytest.mark.parametrize("verb", [owned.share, owned.move, owned.freeze, owned.adopt])
def test_verbs_are_as_strict_as_ever(verb: Any, make: Any, elsewhere: Any) -> None:
    """What is not this thread's to share, move, freeze or adopt is not in guard either."""
    with pytest.raises(owned.WrongThreadError):
        elsewhere(verb, make())


# ---- frozen, copied, pickled -----------------------------------------------------------------------------------------


def test_frozen_instances(make: Any, elsewhere: Any) -> None:
    """Freezing works on classes with native slots; reads go on, writes raise, also around the class."""
    cls = type(make())
    x = owned.freeze(make())
    assert elsewhere(lambda: (x.a, x.total())) == (1, 3)
    for write in (
        lambda: setattr(x, "a", 5),
        lambda: delattr(x, "a"),
        lambda: object.__setattr__(x, "a", 5),
        lambda: cls.__setattr__(x, "a", 5),
        lambda: owned.Owned.__setattr__(x, "a", 5),
    ):
        with pytest.raises((TypeError, AttributeError)):
            write()
    assert (x.a, x.b) == (1, 2)
    thawed = owned.thaw(x)
    thawed.a = 5
    assert (thawed.a, x.a) == (5, 1)


def test_frozen_instances_stay_frozen_over_a_switch(elsewhere: Any) -> None:
    """A frozen class made in one mode serves in the others."""
    for cls in (Slots, Dicted):
        x = owned.freeze(cls())
        for mode in ("checked", "guard", "strict", "guard"):
            with owned.configure(mode=mode):
                assert elsewhere(lambda x=x: (x.a, x.total())) == (1, 3)
                with pytest.raises(owned.FrozenError):
                    x.a = 5
                with pytest.raises((TypeError, AttributeError)):
                    object.__setattr__(x, "a", 5)
                assert owned.freeze(cls(3, 4)).total() == 7


@pytest.mark.parametrize("cls", [Slots, Dicted])
def test_copy_and_pickle(cls: type) -> None:
    """Copies and pickles of instances with native slots hold the fields, and belong to who makes them."""
    x = cls([1], 2)
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(twin) is cls
        assert (list(twin.a), twin.b) == ([1], 2)
        assert owned.state(twin) == "private"
        twin.a = 3


# ---- what a class looks like -----------------------------------------------------------------------------------------


def test_slots_are_native() -> None:
    """The slots' descriptors are the interpreter's in guard, and ours again afterwards, for the same fields."""
    native = vars(Slots)["a"]
    assert type(native) is types.MemberDescriptorType
    assert type(vars(made_in_guard())["d"]) is types.MemberDescriptorType
    made = made_in_guard()
    with owned.checked():
        assert {type(vars(cls)[name]) for cls, name in ((Slots, "a"), (Below, "c"), (made, "d"))} == {_core.CheckedSlot}
    assert vars(Slots)["a"] is native


def test_accessors_come_back() -> None:
    """Neither guard nor coming back leaves a class with other accessors than it would have had."""
    for cls in (Slots, Dicted, Below):
        with owned.checked():
            before = cls.__getattribute__, cls.__setattr__, cls.__delattr__
        assert cls.__getattribute__ is object.__getattribute__
        assert cls.__setattr__ == owned.Owned.__setattr__
        with owned.checked():
            assert (cls.__getattribute__, cls.__setattr__, cls.__delattr__) == before


def test_own_accessors_are_kept(elsewhere: Any) -> None:
    """A class's own __setattr__ runs, and what it calls checks."""
    seen: list[str] = []

    @owned.owned
    class Seen:
        __slots__ = ("a",)

        def __setattr__(self, name: str, value: object) -> None:
            seen.append(name)
            super().__setattr__(name, value)

    x = Seen()
    x.a = 1
    with pytest.raises(owned.WrongThreadError):
        elsewhere(setattr, x, "a", 2)
    with owned.checked(), pytest.raises(owned.WrongThreadError):
        elsewhere(setattr, x, "a", 2)
    assert (seen, x.a) == (["a"] * 3, 1)


def test_defaults_of_slots(elsewhere: Any) -> None:
    """A field with a default keeps its descriptor: it reads as the default, and writes are checked."""

    @owned.owned(slots=True)
    class Job:
        name: str
        tries: int = 3

    job = Job()
    assert elsewhere(lambda: job.tries) == 3
    with pytest.raises(owned.WrongThreadError):
        elsewhere(setattr, job, "tries", 4)
    with pytest.raises(owned.WrongThreadError):
        elsewhere(setattr, job, "name", "x")
    job.tries, job.name = 5, "n"
    assert (job.tries, job.name) == (5, "n")


def test_dataclasses_and_attrs(elsewhere: Any) -> None:
    """Classes that others generate work, frozen ones included."""

    @owned.owned
    @dataclasses.dataclass(slots=True)
    class Point:
        x: int
        y: int = 0

    @owned.owned
    @attrs.define
    class Size:
        w: int

    @owned.owned
    @dataclasses.dataclass(frozen=True)
    class Fixed:
        n: int

    point, size, fixed = Point(1), Size(2), Fixed(3)
    assert elsewhere(lambda: (point.x, point.y, size.w, fixed.n)) == (1, 0, 2, 3)
    for x, name in ((point, "x"), (size, "w")):
        with pytest.raises(owned.WrongThreadError):
            elsewhere(setattr, x, name, 9)
        setattr(x, name, 9)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fixed.n = 4  # type: ignore[misc]


def test_a_subclass_that_hides_its_hook(elsewhere: Any) -> None:
    """A class whose base's __init_subclass__ does not call super() is checked in guard, too."""

    class Rude:
        __slots__ = ()

        def __init_subclass__(cls) -> None:
            pass

    class Base(Rude, owned.Owned):
        __slots__ = ("a",)

    class Sub(Base):
        __slots__ = ("b",)

    sub = Sub()
    sub.a = sub.b = 1
    for name in ("a", "b"):
        with pytest.raises(owned.WrongThreadError):
            elsewhere(setattr, sub, name, 2)
    assert elsewhere(lambda: (sub.a, sub.b)) == (1, 1)


@pytest.mark.skipif(platform.python_implementation() != "CPython", reason="looks at CPython's bytecode")
def test_the_interpreter_specializes() -> None:
    """Reading a field and calling a method of a class with slots are specialized as for any other class."""

    def use(x: Slots) -> int:
        total = 0
        for _ in range(100):
            total += x.a
            x.total()
        return total

    x = Slots()
    for _ in range(10):
        use(x)
    names = {instruction.opname for instruction in dis.get_instructions(use, adaptive=True)}
    if sys.version_info < (3, 14) and sysconfig.get_config_var("Py_GIL_DISABLED"):
        return  # 3.13t specializes nothing
    assert "LOAD_ATTR_SLOT" in names
    assert any(name.startswith(("LOAD_METHOD_", "LOAD_ATTR_METHOD_")) for name in names), names
