# SPDX-License-Identifier: MIT
"""What is told of multiprocessing's locks and semaphores, as threads of one process take them."""

from __future__ import annotations

import multiprocessing
import threading

import pytest

LOCKS = ["Lock", "RLock"]
SEMAPHORES = ["Semaphore", "BoundedSemaphore"]


@pytest.mark.parametrize("name", LOCKS)
def test_lock(orders, together, unseen, name):
    """Whoever takes a lock after another thread is ordered by it, by nothing but it, and holds it."""
    lock = getattr(multiprocessing, name)()

    def first():
        with lock:
            orders.mark("first")
        unseen.go()

    def second():
        unseen.wait()
        assert lock.acquire(timeout=30)
        orders.mark("second")
        lock.release()
        orders.mark("released")

    together(first, second)
    assert orders.between("first", "second") == "lock"
    assert orders.held("first") == orders.held("second") == (f"multiprocessing.{name}",)
    assert orders.held("released") == ()


def test_reentrant_lock(orders):
    """An RLock is told of when it is taken first and given back last, by `with` or by its methods."""
    lock = multiprocessing.RLock()
    with lock:
        lock.acquire()
        orders.mark("twice")
        lock.release()
        with lock:
            orders.mark("twice again")
        orders.mark("once")
    orders.mark("none")
    assert orders.held("twice") == orders.held("twice again") == orders.held("once") == ("multiprocessing.RLock",)
    assert orders.held("none") == ()


@pytest.mark.parametrize("name", LOCKS)
def test_in_vain(orders, name):
    """Nothing is held after an acquire() that failed."""
    lock = getattr(multiprocessing, name)()
    with lock:
        thread = threading.Thread(target=lambda: (lock.acquire(timeout=0.001), orders.mark("in vain")))
        thread.start()
        thread.join()
    assert orders.held("in vain") == ()


@pytest.mark.parametrize("name", SEMAPHORES)
def test_semaphore(orders, together, name):
    """A permit is a signal from who gives it back to who takes it."""
    semaphore = getattr(multiprocessing, name)(1)
    semaphore.acquire()

    def first():
        orders.mark("given")
        semaphore.release()

    def second():
        assert semaphore.acquire(timeout=30)
        orders.mark("taken")

    together(first, second)
    assert orders.between("given", "taken") == "signal"
    assert orders.held("taken") == ()


@pytest.mark.parametrize("name", SEMAPHORES)
def test_given_back_too_often(orders, name):
    """What a semaphore refuses it refuses as before."""
    semaphore = getattr(multiprocessing, name)(1)
    if name == "Semaphore":
        semaphore.release()
        assert semaphore.get_value() == 2
    else:
        with pytest.raises(ValueError, match="released too many times"):
            semaphore.release()


def test_event(orders, together):
    """An event is made of these: set() comes before the wait() that sees it."""
    event = multiprocessing.Event()

    def first():
        orders.mark("set")
        event.set()

    def second():
        assert event.wait(30)
        orders.mark("seen")

    together(first, second)
    assert orders.between("set", "seen") is not None
