# SPDX-License-Identifier: MIT
"""Locks of other people's kinds: which are accepted by share(), and that each access asks them."""

import asyncio
import gc
import multiprocessing
import re
import sys
import threading
import weakref

import pytest

import owned
from locks import LIMIT, held_elsewhere, join
from owned._foreign_locks import register_lock

python_rlock = threading._PyRLock  # type: ignore[attr-defined]

ACCEPTED = {
    "threading.RLock": threading.RLock,
    "threading.RLock in Python": python_rlock,
    "threading.Condition": threading.Condition,
    "threading.Condition over RLock": lambda: threading.Condition(python_rlock()),
    "multiprocessing.RLock": multiprocessing.RLock,
    "multiprocessing.Condition": multiprocessing.Condition,
}
accepted = pytest.mark.parametrize("make", ACCEPTED.values(), ids=ACCEPTED)

REFUSED = {
    "threading.Lock": (threading.Lock, "got threading.Lock, which cannot tell.*owned.Lock"),
    "threading.Semaphore": (threading.Semaphore, "got threading.Semaphore, which lets several"),
    "threading.BoundedSemaphore": (threading.BoundedSemaphore, "got threading.BoundedSemaphore, which lets several"),
    "threading.Event": (threading.Event, "got threading.Event, which excludes nobody"),
    "threading.Barrier": (lambda: threading.Barrier(1), "got threading.Barrier, which excludes nobody"),
    "Condition(Lock)": (lambda: threading.Condition(threading.Lock()), r"threading.Condition\(owned.RLock\(\)\)"),
    "multiprocessing.Lock": (multiprocessing.Lock, r"got multiprocessing.Lock, .*multiprocessing.RLock\(\)"),
    "multiprocessing.Semaphore": (multiprocessing.Semaphore, r"lets several.*multiprocessing.RLock\(\)"),
    "multiprocessing.BoundedSemaphore": (multiprocessing.BoundedSemaphore, "lets several"),
    "multiprocessing.Event": (multiprocessing.Event, "excludes nobody"),
    "multiprocessing.Condition(Lock)": (
        lambda: multiprocessing.Condition(multiprocessing.Lock()),
        r"whose lock is a multiprocessing.Lock.*multiprocessing.Condition\(\)",
    ),
    "asyncio.Lock": (asyncio.Lock, "got asyncio.Lock, which excludes tasks, not threads"),
    "asyncio.Condition": (asyncio.Condition, "got asyncio.Condition, which excludes tasks"),
    "asyncio.Semaphore": (asyncio.Semaphore, "got asyncio.Semaphore, which excludes tasks"),
    "asyncio.Event": (asyncio.Event, "got asyncio.Event, which excludes tasks"),
    "int": (lambda: 3, "got int"),
    "str": (lambda: "lock", "got str"),
    "object": (object, "got object"),
    "List": (owned.List, "got a guarded object"),
    "our class": (lambda: owned.RLock, r"got the class owned.RLock itself: make one, owned.RLock\(\)"),
    "their class": (lambda: python_rlock, "got the class threading._RLock itself"),
}


@accepted
def test_every_access_asks(make, elsewhere):
    """What is shared under a foreign lock may be touched by whoever holds it, on any thread, and by nobody else."""
    lock = make()
    items = owned.share(owned.List(), lock=lock)
    assert owned.lock_of(items) is lock
    assert owned.state(items) == "shared"

    def touch():
        with lock:
            items.append(1)
            with lock:
                assert items[-1] == 1
            items.append(2)
        with pytest.raises(owned.LockNotHeldError):
            items.append(3)

    touch()
    elsewhere(touch)
    with held_elsewhere(lock), pytest.raises(owned.LockNotHeldError):
        items.append(4)
    with lock:
        assert items == [1, 2, 1, 2]


@accepted
def test_one_region_per_lock(make):
    """Two objects under one lock are under one region, and sharing again under the same lock is nothing new."""
    lock = make()
    one = owned.share(owned.List(), lock=lock)
    two = owned.share(owned.List(), lock=lock)
    with lock:
        one.append(two)
        assert owned.share(one, lock=lock) is one
        two.append(1)
        assert one == [[1]]


def test_condition_over_ours_is_ours():
    """A Condition over one of our locks stands for that lock: no question to ask, it knows its holder."""
    lock = owned.RLock()
    cond = threading.Condition(lock)
    items = owned.share(owned.List(), lock=cond)
    assert owned.lock_of(items) is lock
    with cond:
        items.append(1)
    with lock:
        items.append(2)


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(make, message):
    """A TypeError that names the parameter, what was got, and what to use; the object stays private."""
    items = owned.List()
    with pytest.raises(TypeError, match=r"^`lock` must be a lock") as caught:
        owned.share(items, lock=make())
    assert re.search(message, str(caught.value)), str(caught.value)
    assert not isinstance(caught.value, owned.OwnershipError)
    items.append(1)


def test_duck_typed():
    """A lock of a third kind is accepted if it answers _is_owned(), as threading.Condition would ask it."""

    class Third:
        def __init__(self):
            self._inner = threading.RLock()
            self.acquire, self.release = self._inner.acquire, self._inner.release

        def _is_owned(self):
            return self._inner._is_owned()

    lock = Third()
    items = owned.share(owned.List(), lock=lock)
    with pytest.raises(owned.LockNotHeldError):
        items.append(1)
    with owned.locked(items):
        items.append(1)


def test_register_lock():
    """A type is accepted with its subclasses once somebody says how to ask."""

    class Quiet:
        def __init__(self):
            self._inner = threading.RLock()
            self.acquire, self.release = self._inner.acquire, self._inner.release

    class Quieter(Quiet):
        pass

    with pytest.raises(TypeError, match=r"cannot tell which thread.*register_lock"):
        owned.share(owned.List(), lock=Quieter())
    register_lock(Quiet, is_held=lambda lock: lock._inner._is_owned())
    items = owned.share(owned.List(), lock=Quieter())
    with owned.locked(items):
        items.append(1)
    with pytest.raises(owned.LockNotHeldError):
        items.append(1)


@pytest.mark.parametrize(("cls", "is_held"), [(1, bool), (int, None)])
def test_register_lock_arguments(cls, is_held):
    """A type, and something to call."""
    with pytest.raises(TypeError, match=r"`cls` must be a type, got int|`is_held` must be callable, got NoneType"):
        register_lock(cls, is_held=is_held)


def test_lock_that_cannot_answer():
    """What a lock raises when it is asked comes out of the access, and nothing was touched."""

    class Broken:
        acquire = release = print

        def _is_owned(self):
            raise ZeroDivisionError

    items = owned.share(owned.List([1]), lock=Broken())
    with pytest.raises(ZeroDivisionError):
        items.append(2)
    with owned.unchecked():
        assert items == [1]


def test_nothing_is_kept():
    """A foreign lock lives as long as something is shared under it, and no longer."""

    class Lock(python_rlock):
        pass

    lock = Lock()
    ref = weakref.ref(lock)
    items = owned.share(owned.List(), lock=lock)
    del lock
    gc.collect()
    assert ref() is not None
    del items
    gc.collect()
    assert ref() is None


def test_no_stale_identity():
    """A lock at the address of one that has gone is a lock of its own: thousands of them, and nothing is left
    behind.
    """

    def rounds(n):
        for _ in range(n):
            lock = threading.RLock()
            items = owned.share(owned.List(), lock=lock)
            assert owned.lock_of(items) is lock
            with lock:
                items.append(1)

    rounds(500)
    gc.collect()
    before = sys.getallocatedblocks()
    rounds(20_000)
    gc.collect()
    assert sys.getallocatedblocks() - before < 200


def test_shared_by_many_threads_at_once():
    """Threads that share under one foreign lock at the same moment end up under one region."""
    for _ in range(100):
        lock = threading.RLock()
        start = threading.Barrier(4)
        shared = []

        def share(lock=lock, start=start, shared=shared):
            items = owned.List()
            start.wait(LIMIT)
            shared.append(owned.share(items, lock=lock))

        threads = [threading.Thread(target=share) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            join(thread)
        with lock:
            for items in shared:
                assert owned.share(items, lock=lock) is items
                items.append(1)


@pytest.mark.parametrize("method", ["gen_rlock", "read_lock", "acquire_read"])
def test_reader_writer_locks_of_others(method):
    """They cannot tell who reads: the message names the lock of ours that can."""
    lock = type("ReadersWriter", (), {method: lambda self: None})()
    with pytest.raises(TypeError, match=r"several readers in at once: use owned\.RWLock\(\)"):
        owned.share(owned.List(), lock=lock)


def test_condition_over_a_side():
    """A Condition over an RWLock, or over a side of one, stands for that lock."""
    rw = owned.RWLock()
    for condition in (threading.Condition(rw), threading.Condition(rw.write), threading.Condition(rw.read)):
        items = owned.share(owned.List([1]), lock=condition)
        assert owned.lock_of(items) is rw
    with condition, pytest.raises(owned.LockNotHeldError):
        items.append(2)
