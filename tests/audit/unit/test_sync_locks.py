# SPDX-License-Identifier: MIT
"""What is told of locks and conditions, and that they are what they were."""

from __future__ import annotations

import _thread
import copy
import pickle
import sys
import threading
import weakref

import pytest

LOCKS = ["Lock", "RLock"]


@pytest.mark.parametrize("name", LOCKS)
def test_lock(orders, together, unseen, name):
    """Whoever takes a lock after another is ordered by it, by nothing but it."""
    lock = getattr(threading, name)()

    def first():
        with lock:
            orders.mark("first")
        unseen.go()

    def second():
        unseen.wait()
        with lock:
            orders.mark("second")

    together(first, second)
    assert orders.between("first", "second") == "lock"
    assert orders.held("first") == orders.held("second") == (name,)


@pytest.mark.parametrize("name", LOCKS)
def test_held_no_longer(orders, name):
    """After release() nothing is held, nor after an acquire() that failed."""
    lock = getattr(threading, name)()
    lock.acquire()
    lock.release()
    orders.mark("released")
    lock.acquire()
    thread = threading.Thread(target=lambda: (lock.acquire(timeout=0.001), orders.mark("in vain")))
    thread.start()
    thread.join()
    lock.release()
    assert orders.held("released") == orders.held("in vain") == ()


def test_reentrant_lock(orders):
    """An RLock is told of when it is taken first and given back last."""
    lock = threading.RLock()
    with lock:
        with lock:
            orders.mark("twice")
        orders.mark("once")
    orders.mark("none")
    assert orders.held("twice") == orders.held("once") == ("RLock",)
    assert orders.held("none") == ()


def test_signal(orders):
    """A lock that another thread gives back is a signal."""
    lock = threading.Lock()
    lock.acquire()
    thread = threading.Thread(target=lambda: (orders.mark("gives"), lock.release()))
    thread.start()
    lock.acquire()
    orders.mark("gets")
    thread.join()
    assert orders.between("gives", "gets") == "signal"


def test_notify_and_wait(orders):
    """Who was woken comes after who notified, and after what that one did under the lock."""
    condition = threading.Condition()

    def notify():
        with condition:
            condition.notify()
            orders.mark("notified")

    thread = threading.Thread(target=notify)
    with condition:
        thread.start()
        assert condition.wait(30)
        orders.mark("woken")
    thread.join()
    assert orders.between("notified", "woken") == "signal"
    assert orders.held("woken") == ("RLock",)


@pytest.mark.parametrize("name", LOCKS)
def test_too_late_to_wait(orders, unseen, name):
    """Who finds under the lock that what it waits for has been told of already comes after it as well."""
    condition = threading.Condition(getattr(threading, name)())

    def notify():
        with condition:
            condition.notify_all()
            orders.mark("notified")
        unseen.go()

    thread = threading.Thread(target=notify)
    thread.start()
    unseen.wait()
    with condition:
        orders.mark("late")
    thread.join()
    assert orders.between("notified", "late") == "signal"


def test_condition_without_notify(orders, unseen):
    """A condition that nobody notifies is a lock."""
    condition = threading.Condition()

    def enter():
        with condition:
            orders.mark("in it")
        unseen.go()

    thread = threading.Thread(target=enter)
    thread.start()
    unseen.wait()
    with condition:
        orders.mark("after")
    thread.join()
    assert orders.between("in it", "after") == "lock"
    assert orders.held("in it") == ("RLock",)


def test_wait_gives_the_lock_back(orders):
    """While a thread waits, reentrantly or not, it does not hold the lock; afterwards it does, as often as before."""
    condition = threading.Condition()
    with condition:
        with condition:
            assert not condition.wait(0.001)
            orders.mark("inner")
        orders.mark("outer")
    orders.mark("none")
    assert orders.held("inner") == orders.held("outer") == ("RLock",)
    assert orders.held("none") == ()


def test_locks_of_the_standard_library_are_its_own(orders):
    """What Event, Queue and Future lock with is not told of."""
    import concurrent.futures
    import queue

    for lock in (
        threading.Event()._cond._lock,
        threading.Semaphore()._cond._lock,
        threading.Barrier(1)._cond._lock,
        queue.Queue().not_empty._lock,
        concurrent.futures.Future()._condition._lock,
    ):
        assert type(lock) in (type(threading._allocate_lock()), threading._CRLock)


@pytest.mark.parametrize("name", LOCKS)
def test_looks_like_the_real_one(orders, name):
    """isinstance, repr, pickling, copying, weak references and hashing are those of a real lock."""
    real = {"Lock": threading._allocate_lock, "RLock": threading._CRLock}[name]()
    lock = getattr(threading, name)()
    assert isinstance(lock, type(real))
    assert lock.__class__ is type(real)
    assert repr(lock).startswith(f"<unlocked {type(real).__module__}.{type(real).__name__} object")
    for function in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot pickle"):
            function(lock)
    assert weakref.ref(lock)() is lock
    assert {lock: 1}[lock] == 1
    assert lock != getattr(threading, name)()
    with pytest.raises(RuntimeError):
        lock.release()
    assert lock.acquire(False)
    lock.release()
    assert lock.acquire(blocking=True, timeout=1)
    lock.release()
    with pytest.raises(ValueError):
        lock.acquire(False, 1)
    public = {name for name in dir(real) if not name.startswith("__")}
    assert public <= set(dir(lock))


def test_types_made_before_know_new_locks(orders):
    """A class kept from before has new locks as instances, and the new factory has old locks."""
    old = threading._allocate_lock()
    assert isinstance(threading.Lock(), type(old))
    if isinstance(threading.Lock, type):
        assert isinstance(old, threading.Lock)


def test_lock_cannot_be_inherited_from(orders):
    """A class that inherits from Lock is refused as ever."""
    with pytest.raises(TypeError, match="is not an acceptable base type"):
        type("Mine", (threading.Lock,), {})


def test_all_names(orders):
    """However it was imported, it is told of."""
    from threading import Lock, RLock

    for make in (Lock, threading.Lock, _thread.allocate_lock, _thread.LockType):
        with make():
            orders.mark("in it")
        assert orders.held("in it") == ("Lock",)
    for make in (RLock, threading.RLock, _thread.RLock):
        with make():
            orders.mark("in it")
        assert orders.held("in it") == ("RLock",)


def test_works_when_nobody_listens_any_more():
    """Locks made meanwhile go on working after uninstall()."""
    from orders import Orders
    from owned._audit import _sync

    _sync.install(detector_module=Orders())
    lock, recursive, condition = threading.Lock(), threading.RLock(), threading.Condition()
    lock.acquire()
    recursive.acquire()
    _sync.uninstall()
    lock.release()
    recursive.release()
    with lock, recursive, condition:
        condition.notify()
    assert "_sync" not in getattr(threading.Lock, "__module__", "")
    assert sys.modules["_thread"].RLock is threading._CRLock
