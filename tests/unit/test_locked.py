# SPDX-License-Identifier: MIT
"""locked(obj): the context manager that takes the lock of a shared object."""

import multiprocessing
import threading

import pytest

import owned
from locks import held_elsewhere, orphan

LOCKS = {
    "Lock": owned.Lock,
    "RLock": owned.RLock,
    "threading.RLock": threading.RLock,
    "threading.Condition": threading.Condition,
    "Condition over ours": lambda: threading.Condition(owned.RLock()),
    "multiprocessing.RLock": multiprocessing.RLock,
}


@pytest.mark.parametrize("make", LOCKS.values(), ids=LOCKS)
def test_takes_the_lock(make, elsewhere):
    """Whichever lock guards the object, the block may touch it and the lock is free afterwards."""
    lock = make()
    items = owned.share(owned.List(), lock=lock)

    def append():
        with locked_items() as given:
            assert given is items
            items.append(1)
        with pytest.raises(owned.LockNotHeldError):
            items.append(2)

    def locked_items():
        return owned.locked(items)

    append()
    elsewhere(append)
    with owned.locked(items):
        assert items == [1, 1]
    elsewhere(lambda: lock.acquire(False) and lock.release())


def test_default_lock():
    """share() without a lock makes one, which locked() finds; the holder may enter again."""
    items = owned.share(owned.List())
    with owned.locked(items), owned.locked(items):
        items.append(1)
    with pytest.raises(owned.LockNotHeldError):
        len(items)


def test_released_on_error():
    """An exception in the block gives the lock back and gets out."""
    items = owned.share(owned.List(), lock=owned.Lock())
    with pytest.raises(KeyError), owned.locked(items):
        raise KeyError
    assert not owned.lock_of(items).locked()


def test_private_needs_no_lock():
    """What is private to this thread is touched as ever, so code serves an object before and after it is shared."""
    items = owned.List()
    with owned.locked(items) as given:
        given.append(1)
    assert owned.state(items) == "private"


def test_frozen_needs_no_lock(elsewhere):
    """What is frozen is read by everyone."""

    @owned.owned
    class Point:
        def __init__(self):
            self.x = 1

    point = owned.freeze(Point())
    with owned.locked(point):
        assert point.x == 1

    def read():
        with owned.locked(point):
            return point.x

    assert elsewhere(read) == 1


def test_another_threads_is_refused_at_once(elsewhere):
    """No lock helps with what is private to another thread: the call itself raises."""
    items = owned.List()
    with pytest.raises(owned.WrongThreadError):
        elsewhere(owned.locked, items)


def test_moved_is_refused():
    """No lock helps with what is in transit."""
    items = owned.List()
    owned.move(items)
    with pytest.raises(owned.MovedError):
        owned.locked(items)


def test_orphaned_is_refused(elsewhere):
    """No lock helps with what a finished thread left behind."""
    items = elsewhere(owned.List)
    with pytest.raises(owned.OrphanedError):
        owned.locked(items)


def test_holder_died():
    """The lock of a thread that has ended is not waited for."""
    lock = owned.Lock()
    items = owned.share(owned.List(), lock=lock)
    orphan(lock)
    with pytest.raises(owned.OrphanedError), owned.locked(items):
        pass


@pytest.mark.parametrize("obj", [None, 1, [], object(), threading.RLock()])
def test_unguarded_is_refused(obj):
    """What carries no guard has no lock: the parameter is named, and what was got."""
    with pytest.raises(TypeError, match=f"`obj` must be a guarded object, got {type(obj).__name__}|RLock"):
        owned.locked(obj)


def test_a_lock_is_refused():
    """A lock is a context manager itself, and the message says so."""
    with pytest.raises(TypeError, match="with lock:"):
        owned.locked(owned.Lock())


def test_shared_while_we_wait_between():
    """The state that counts is that of the entry into the block, not that of the call."""
    items = owned.List()
    later = owned.locked(items)
    owned.share(items, lock=owned.Lock())
    with later:
        items.append(1)
    with held_elsewhere(owned.lock_of(items)), pytest.raises(owned.LockNotHeldError):
        items.append(2)
