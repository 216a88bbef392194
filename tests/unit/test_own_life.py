# SPDX-License-Identifier: MIT
"""The life of what own() gives: copies, pickles, weak references, memory, and the end."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import gc
import pickle
import sys
import sysconfig
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import owned
from insides import SAMPLES, Everything
from owned import own, unwrap
from owned._core import Wrapper


class Settings:
    """A plain class, at module level for pickle."""

    def __init__(self) -> None:
        self.values: list[Any] = [1, [2]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self.values == other.values

    __hash__ = None  # type: ignore[assignment]


def is_wrapped(value: object) -> bool:
    return isinstance(type(value), type) and issubclass(type(value), Wrapper)


def test_copies_are_wrappers_of_copies() -> None:
    """Copy and deepcopy give own() of the copied object, with nothing in common with the first."""
    inside = Settings()
    w = own(inside)
    shallow, deep = copy.copy(w), copy.deepcopy(w)
    assert is_wrapped(shallow)
    assert unwrap(shallow) is not inside
    assert unwrap(shallow).values is inside.values
    assert is_wrapped(deep)
    assert unwrap(deep).values is not inside.values
    assert deep == w
    assert owned.owner(deep) == owned.owner(w)
    cyclic: list[Any] = []
    cyclic.append(own(cyclic))
    again = copy.deepcopy(cyclic[0])
    assert unwrap(again)[0] == again
    assert copy.copy(own(3)) == 3


def test_a_copy_belongs_to_the_thread_that_makes_it(elsewhere: Callable[..., Any]) -> None:
    """Under a lock, another thread copies and then owns the copy."""
    w = owned.share(own([1, [2]]))

    def copy_there() -> Any:
        with owned.lock_of(w):
            mine = copy.deepcopy(w)
        mine.append(3)
        return repr(mine), owned.state(mine)

    assert elsewhere(copy_there) == ("[1, [2], 3]", "private")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_come_back_wrapped_and_private(protocol: int, elsewhere: Callable[..., Any]) -> None:
    """A pickle is a recipe for own(); whoever loads it owns what comes."""
    data = pickle.dumps(own(Settings()), protocol)
    again = pickle.loads(data)
    assert is_wrapped(again)
    assert again == Settings()
    there = elsewhere(pickle.loads, data)
    with pytest.raises(owned.OwnershipError):
        there.values
    with pytest.raises(owned.WrongThreadError):
        elsewhere(pickle.dumps, again, protocol)
    w = own([1])
    first, second = pickle.loads(pickle.dumps([w, w], protocol))
    assert first is second


def test_weak_references() -> None:
    """A wrapper can be weakly referenced where its object can."""
    w = own(Settings())
    watch = weakref.ref(w)
    assert watch() is w
    weak = weakref.WeakSet([own(object)])
    assert len(weak) in (0, 1)
    del w
    gc.collect()
    assert watch() is None
    with pytest.raises(TypeError):
        weakref.ref(own([]))


def test_size() -> None:
    """A header, the object, the region; a list of weak references where there can be any."""
    assert sys.getsizeof(own([])) <= 48
    assert sys.getsizeof(own(Settings())) <= 56


def test_a_wrapper_needs_little_beside_itself() -> None:
    """Before something came out of it: no region, and a place in the table."""
    objects: list[Any] = [[] for _ in range(10_000)]
    regions = owned.stats().regions
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        wrappers = [own(obj) for obj in objects]
        each = (tracemalloc.get_traced_memory()[0] - before - sys.getsizeof(wrappers)) / len(objects)
    finally:
        tracemalloc.stop()
    assert owned.stats().regions == regions
    assert each <= 48 + 16


#: Something that is done with a wrapper of [[1]], of which a second one is left alone.
ALONE: dict[str, Callable[[Any], Any]] = {
    "item": lambda w: w[0],
    "method": lambda w: w.append,
    "iterator": iter,
    "iteration": list,
    "second own()": lambda w: own(unwrap(w)),
    "reached through another": lambda w: own([unwrap(w)])[0],
    "nothing": lambda w: None,
}


@pytest.mark.parametrize("name", ALONE)
def test_each_own_goes_its_own_way(name: str, elsewhere: Callable[..., Any]) -> None:
    """What is done with one wrapper does nothing to another of the same thread; what came out of it goes along."""
    inside = [[1]]
    for verb in (owned.share, owned.freeze, owned.move):
        w, other = own(inside), own([2])
        came_out = ALONE[name](w)
        verb(w)
        assert owned.state(other) is owned.State.PRIVATE
        assert other.pop() == 2
        assert came_out is None or not is_wrapped(came_out) or owned.state(came_out) is owned.state(w)
        del w, came_out
        inside = [[1]]
    w, other = elsewhere(lambda: (own(inside), own([2])))
    assert owned.adopt(w) is w
    came_out = ALONE[name](w)
    assert owned.state(other) is owned.State.ORPHANED
    assert owned.state(w) is owned.State.PRIVATE
    assert w[0] == [1]
    assert came_out is None or not is_wrapped(came_out) or owned.state(came_out) is owned.State.PRIVATE


@pytest.mark.parametrize("name", ALONE)
def test_what_came_out_before_is_in_the_same_hands(name: str, elsewhere: Callable[..., Any]) -> None:
    """Whichever of the two is shared."""
    for which in (0, 1):
        w = own([[1]])
        both = (w, ALONE[name](w))
        if not is_wrapped(both[1]):
            continue
        lock = owned.RLock()
        owned.share(both[which], lock=lock)
        assert [owned.lock_of(one) for one in both] == [lock, lock]
        with pytest.raises(owned.LockNotHeldError):
            elsewhere(w.append, 2)


def test_what_a_thread_wrapped_belongs_to_its_heir() -> None:
    """Also what comes out of it then, and what of it is wrapped once more."""
    inside: list[Any] = [[1]]
    made: list[Any] = []
    thread = threading.Thread(target=lambda: made.append(own(inside)))
    thread.start()
    thread.join()
    owned.adopt(thread)
    for w in (made[0], own(inside), own([inside])[0]):
        assert owned.owner(w[0]) == owned.owner(w) == owned.owner(own([]))
        w[0].append(2)
    assert inside == [[1, 2, 2, 2]]


def test_what_another_thread_wants_to_wrap_stays_its_owners(elsewhere: Callable[..., Any]) -> None:
    """The refused own() of another thread changes nothing, whatever comes out afterwards."""
    inside: list[Any] = [[1]]
    w = own(inside)
    with pytest.raises(owned.WrongThreadError):
        elsewhere(own, inside)
    w[0].append(2)
    with owned.configure(policy="count"):
        theirs = elsewhere(own, inside)
    owned.share(w)
    assert owned.lock_of(theirs) is owned.lock_of(w) is not None
    settings = Settings()
    frozen = own(settings)
    with pytest.raises(owned.WrongThreadError):
        elsewhere(own, settings)
    owned.freeze(frozen)
    assert owned.state(own(settings)) is owned.state(frozen) is owned.State.FROZEN


def test_deep_nests_die_without_recursion() -> None:
    """A chain of wrappers and containers of any depth."""
    w: Any = None
    for _ in range(100_000):
        w = own([w])
    del w
    gc.collect()


def test_deep_nests_of_methods_die_without_recursion() -> None:
    """A chain of bound methods, wrapped and not, and of what they are bound to."""

    class Link:
        def __init__(self, before: Any) -> None:
            self.before = before

        def follow(self) -> Any:
            return self.before

    step: Any = None
    for _ in range(100_000):
        step = own(Link(step)).follow
    del step
    step = None
    for _ in range(100_000):
        step = own([step]).append
    del step
    gc.collect()


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_cleared_wrapper_raises(sample: str) -> None:
    """What the collector has cleared, and code of a dying cycle may still reach, raises and never crashes."""
    w = own(SAMPLES[sample]())
    kind = type(w)
    if sample == "coroutine":
        unwrap(w).close()
    address_of_clear = id(kind) + object.__basicsize__ + 8 + 21 * 8  # tp_clear, behind a PyVarObject's header
    clear = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object)(ctypes.c_void_p.from_address(address_of_clear).value or 0)
    boxed = ctypes.py_object(w)
    assert clear(boxed) == 0
    assert clear(boxed) == 0
    assert "cleared" in repr(w)
    assert "cleared" in format(w, "")
    for name in sorted(
        {*dir(kind), "anything"} - {"__class__", "__init__", "__init_subclass__", "__new__", "__getstate__"}
    ):
        attribute = getattr(kind, name, None)
        for arguments in ((), ("x",), (0,), ("x", "x"), ("x", "x", "x")):
            with contextlib.suppress(ReferenceError, TypeError):
                if callable(attribute):
                    attribute(w, *arguments)
        with pytest.raises(ReferenceError, match="cleared by the garbage collector"):
            getattr(w, name)
    with pytest.raises(ReferenceError):
        unwrap(w)
    assert w.__class__ is kind


def test_wrapping_does_not_leak() -> None:
    """References, table entries and regions go when the wrappers go."""
    inside = [[1], {2: 3}]

    def work() -> None:
        w = own(inside)
        for _ in range(10):
            w[0].append(1)
            w[0].pop()
            list(w)
            w[1].items()
            copy.copy(w)

    work()
    gc.collect()
    before = sys.getrefcount(inside), sys.getrefcount(inside[0])
    for _ in range(100):
        work()
    gc.collect()
    assert (sys.getrefcount(inside), sys.getrefcount(inside[0])) == before


@pytest.mark.parametrize(
    "work",
    [
        lambda: own([1]),
        lambda: own([[1]])[0],
        lambda: own([1]).append(2),
        lambda: list(own([[1], [2]])),
        lambda: own(Everything()).get_self().log,
        lambda: copy.copy(own([1])),
        lambda: own([1]) + own([2]),
        lambda: own(type("New", (), {"__call__": print})()),
    ],
)
def test_running_out_of_memory_at_every_step(work: Callable[[], Any]) -> None:
    """Each allocation that fails gives a MemoryError, and what was there before is as it was."""
    testcapi = pytest.importorskip("_testcapi")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("a plain list display that runs out of memory corrupts the heap of free-threaded builds")
    work()
    for step in range(1, 60):
        testcapi.set_nomemory(step, step + 1)
        try:
            work()
        except MemoryError:
            pass
        finally:
            testcapi.remove_mem_hooks()
    inside = [1]
    assert unwrap(own(inside)) is inside
    gc.collect()
