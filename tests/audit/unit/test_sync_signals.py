# SPDX-License-Identifier: MIT
"""What is told of events, semaphores and barriers."""

from __future__ import annotations

import threading

import pytest


def test_event(orders, together):
    """Whoever waited for an event comes after set(), and so does whoever saw it with is_set()."""
    event = threading.Event()

    def see():
        while not event.is_set():
            pass
        orders.mark("seen")

    def give():
        orders.mark("before")
        event.set()
        orders.mark("after")

    together(give, lambda: (event.wait(30), orders.mark("woken")), see)
    assert orders.between("before", "woken") == orders.between("before", "seen") == "signal"
    assert orders.between("after", "woken") is None


def test_event_not_set(orders, together, unseen):
    """A wait() that timed out, and is_set() that was false, have seen nothing."""
    event = threading.Event()

    def look():
        unseen.wait()
        assert not event.wait(0.001)
        assert not event.is_set()
        orders.mark("in vain")

    together(lambda: (orders.mark("before"), unseen.go()), look)
    assert orders.between("before", "in vain") is None


def test_event_that_was_there_before(together):
    """An event made before anybody was told of it is told of."""
    from orders import Orders
    from owned._audit import _sync

    event, orders = threading.Event(), Orders()
    _sync.install(detector_module=orders)
    try:
        together(lambda: (orders.mark("before"), event.set()), lambda: (event.wait(30), orders.mark("woken")))
    finally:
        _sync.uninstall()
    assert orders.between("before", "woken") == "signal"


def test_semaphore_as_signal(orders, together):
    """Whoever gets a permit comes after whoever gave it."""
    semaphore = threading.Semaphore(0)
    together(
        lambda: (orders.mark("first"), semaphore.release()),
        lambda: (orders.mark("second"), semaphore.release()),
        lambda: (semaphore.acquire(), semaphore.acquire(), orders.mark("both")),
    )
    assert orders.between("first", "both") == orders.between("second", "both") == "signal"


def test_semaphore_with_places(orders, together, unseen):
    """With a permit left from the beginning nobody waits for anybody."""
    semaphore = threading.Semaphore(2)

    def first():
        with semaphore:
            orders.mark("first")
        unseen.go()

    def second():
        unseen.wait()
        with semaphore:
            orders.mark("second")

    together(first, second)
    assert orders.between("first", "second") is None


@pytest.mark.parametrize("make", [threading.Semaphore, threading.BoundedSemaphore])
def test_semaphore_of_one(orders, together, unseen, make):
    """With one permit each comes after the one before."""
    semaphore = make()

    def first():
        with semaphore:
            orders.mark("first")
        unseen.go()

    def second():
        unseen.wait()
        with semaphore:
            orders.mark("second")

    together(first, second)
    assert orders.between("first", "second") == "signal"


def test_semaphore_misused(orders):
    """Too many releases of a bounded semaphore, and n below one, are refused, and leave nothing behind."""
    semaphore = threading.BoundedSemaphore(1)
    with pytest.raises(ValueError, match="too many"):
        semaphore.release()
    with pytest.raises(ValueError):
        semaphore.release(0)
    assert list(semaphore._owned_audit.given) == [None]
    assert semaphore.acquire(blocking=False)
    assert not semaphore.acquire(blocking=False)


def test_release_of_several(orders, together):
    """release(n) comes before each of n acquires."""
    semaphore = threading.Semaphore(0)
    together(
        lambda: (orders.mark("given"), semaphore.release(2)),
        lambda: (semaphore.acquire(), orders.mark("one")),
        lambda: (semaphore.acquire(), orders.mark("two")),
    )
    assert orders.between("given", "one") == orders.between("given", "two") == "signal"


def test_barrier(orders, together):
    """All that come in come before all that go out."""
    barrier = threading.Barrier(2)
    together(*[lambda n=n: (orders.mark(f"in {n}"), barrier.wait(30), orders.mark(f"out {n}")) for n in range(2)])
    for come in range(2):
        for go in range(2):
            assert orders.between(f"in {come}", f"out {go}") == "signal"
    assert orders.between("out 0", "out 1") is None
    assert orders.between("out 1", "out 0") is None


def test_rounds_of_a_barrier(orders, together, unseen):
    """Going out of one round comes after coming in to that round, and not after what somebody did since."""
    barrier = threading.Barrier(2)

    def quick():
        barrier.wait(30)
        orders.mark("since")
        unseen.go()
        barrier.wait(30)

    def slow():
        barrier.wait(30)
        unseen.wait()
        orders.mark("beside")
        barrier.wait(30)
        orders.mark("next round")

    together(quick, slow)
    assert orders.between("since", "beside") is None
    assert orders.between("since", "next round") == "signal"


def test_action_of_a_barrier(orders, together):
    """The action comes after all that come in, and before all that go out."""
    barrier = threading.Barrier(2, action=lambda: orders.mark("action"))
    together(*[lambda n=n: (orders.mark(f"in {n}"), barrier.wait(30), orders.mark(f"out {n}")) for n in range(2)])
    for n in range(2):
        assert orders.between(f"in {n}", "action") == orders.between("action", f"out {n}") == "signal"


def test_broken_barrier(orders, together, unseen):
    """Whoever finds a barrier broken comes after whoever broke it."""
    barrier = threading.Barrier(2)

    def wait():
        unseen.go()
        with pytest.raises(threading.BrokenBarrierError):
            barrier.wait(30)
        orders.mark("broken")

    together(wait, lambda: (unseen.wait(), orders.mark("before"), barrier.abort()))
    assert orders.between("before", "broken") == "signal"
