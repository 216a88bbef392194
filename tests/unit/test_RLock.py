# SPDX-License-Identifier: MIT
"""What RLock has beyond Lock; test_Lock.py has what is common to both."""

import threading

import pytest

import owned
from locks import LIMIT, held_elsewhere, join, orphan


def test_reentrant():
    """The holder acquires again, and releases as often."""
    lock = owned.RLock()
    for depth in range(1, 5):
        assert lock.acquire() is True
        assert lock._recursion_count() == depth
    assert lock.acquire(False) is True
    assert lock.acquire(timeout=0.01) is True
    with lock:
        assert lock._recursion_count() == 7
    for depth in range(5, -1, -1):
        assert lock.locked()
        lock.release()
        assert lock._recursion_count() == depth
    assert not lock.locked()
    with pytest.raises(owned.LockNotHeldError):
        lock.release()


def test_others_wait_for_the_last_release():
    """Another thread has it only after as many releases as there were acquires."""
    lock = owned.RLock()
    lock.acquire()
    lock.acquire()
    lock.release()
    result = []
    thread = threading.Thread(target=lambda: result.append(lock.acquire(False)))
    thread.start()
    join(thread)
    assert result == [False]
    lock.release()
    with held_elsewhere(lock):
        assert lock._recursion_count() == 0


def test_condition_gives_it_back_entirely():
    """Condition.wait() releases a lock that is held several deep, and has it as deep again."""
    lock = owned.RLock()
    cond = threading.Condition(lock)
    with cond, lock, lock:

        def notify():
            with cond:
                cond.notify()

        thread = threading.Thread(target=notify)
        thread.start()
        assert cond.wait(LIMIT)
        assert lock._recursion_count() == 3
        join(thread)
    assert not lock.locked()


def test_adopted_once_deep():
    """A lock its holder had taken several times before it ended is held once by who adopts it."""
    lock = owned.RLock()

    def take():
        lock.acquire()
        lock.acquire()

    thread = threading.Thread(target=take)
    thread.start()
    join(thread)
    owned.adopt(lock)
    assert lock._recursion_count() == 1
    lock.release()
    assert not lock.locked()


def test_adopt_what_is_mine_keeps_its_depth():
    """adopt() of a lock this thread holds changes nothing."""
    lock = owned.RLock()
    with lock, lock:
        owned.adopt(lock)
        assert lock._recursion_count() == 2


def test_subclass():
    """RLock may be subclassed, with an __init__ that takes arguments, and guards as the base does."""

    class Named(owned.RLock):
        def __init__(self, name):
            super().__init__()
            self.name = name

    lock = Named("accounts")
    assert lock.name == "accounts"
    items = owned.share(owned.List(), lock=lock)
    assert owned.lock_of(items) is lock
    with pytest.raises(owned.LockNotHeldError):
        items.append(1)
    with lock:
        items.append(1)
    orphan(lock)
    with pytest.raises(owned.OrphanedError):
        lock.acquire()
    with pytest.raises(TypeError):
        type("Bare", (owned.RLock,), {})(1)
