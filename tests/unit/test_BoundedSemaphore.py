# SPDX-License-Identifier: MIT
"""What BoundedSemaphore has beyond Semaphore: permits belong to the threads that took them."""

import threading

import pytest

import owned
from locks import LIMIT, alarm, join, needs_signals, orphan, until_waiting


@pytest.fixture
def taken_by():
    """``taken_by(semaphore, name)``: a thread takes a permit and lives until the test ends."""
    enough, threads = threading.Event(), []

    def take(semaphore, name):
        taken = threading.Event()
        thread = threading.Thread(
            target=lambda: (semaphore.acquire(), taken.set(), enough.wait(LIMIT), semaphore.release()), name=name
        )
        threads.append(thread)
        thread.start()
        assert taken.wait(LIMIT)

    yield take
    enough.set()
    for thread in threads:
        join(thread)


def test_release_by_another_thread(taken_by):
    """The error names those who have permits, and is one that threading's users catch."""
    semaphore = owned.BoundedSemaphore(3)
    taken_by(semaphore, "bookkeeper")
    with pytest.raises(
        owned.PermitNotHeldError, match=r"taken none, and thread 'bookkeeper' has 1.*Semaphore"
    ) as error:
        semaphore.release()
    assert isinstance(error.value, owned.LockNotHeldError)
    assert isinstance(error.value, ValueError)
    assert error.value.owner == "bookkeeper"
    assert error.value.access == "release"
    assert repr(semaphore).endswith("value=2/3>")


def test_release_of_too_many():
    """All or none are given back."""
    semaphore = owned.BoundedSemaphore(3)
    with semaphore:
        with pytest.raises(owned.PermitNotHeldError, match="2 permits .* but it has a permit, and nobody else"):
            semaphore.release(2)
        assert repr(semaphore).endswith("value=2/3>")
    with pytest.raises(ValueError, match="taken none, and nobody else"):
        semaphore.release()


def test_no_permits():
    """One that could never be acquired is refused, with the drop-in for signalling."""
    with pytest.raises(ValueError, match=r"Semaphore\(0\)"):
        owned.BoundedSemaphore(0)


def test_waiting_for_oneself(taken_by):
    """A thread that has all permits that anybody living has would wait for ever, and is told so."""
    semaphore = owned.BoundedSemaphore(2)
    with semaphore, semaphore:
        with pytest.raises(owned.LockOrderError, match="2 permits itself"):
            semaphore.acquire()
        assert semaphore.acquire(False) is False
        assert semaphore.acquire(timeout=0.01) is False
    orphan(semaphore)
    with semaphore:
        with pytest.raises(owned.LockOrderError, match="a permit itself, and thread 'the departed', which has ended"):
            with semaphore:
                pass
        assert semaphore.acquire(False) is False


def test_takers_died():
    """Permits of threads that have ended are gone; when they all are, whoever wants one is told, at once."""
    semaphore = owned.BoundedSemaphore(2)
    orphan(semaphore, "first")
    with semaphore:
        pass
    orphan(semaphore, "second")
    for attempt in (semaphore.acquire, lambda: semaphore.acquire(False), lambda: semaphore.acquire(timeout=60)):
        with pytest.raises(owned.OrphanedError, match=r"'first', which has ended.*'second'.*adopt\(semaphore\)"):
            attempt()
    assert "'first', which has ended (1), 'second', which has ended (1): value=0/2>" in repr(semaphore)


def test_one_lives(taken_by):
    """As long as somebody living has a permit there is hope."""
    semaphore = owned.BoundedSemaphore(2)
    orphan(semaphore)
    taken_by(semaphore, "bookkeeper")
    assert semaphore.acquire(timeout=0.01) is False


@needs_signals
def test_the_last_one_dies_while_we_wait():
    """Who waits already when the last living taker ends does not wait for ever."""
    semaphore = owned.BoundedSemaphore(1)
    taken, end = threading.Event(), threading.Event()
    taker = threading.Thread(target=lambda: (semaphore.acquire(), taken.set(), end.wait(LIMIT)), name="bookkeeper")
    taker.start()
    assert taken.wait(LIMIT)
    with alarm(lambda *_: end.set()), pytest.raises(owned.OrphanedError, match="bookkeeper"):
        semaphore.acquire()
    join(taker)
    assert "waiting" not in repr(semaphore)


def test_adopt():
    """adopt() makes the permits of all threads that have ended the caller's."""
    semaphore = owned.BoundedSemaphore(3)
    orphan(semaphore)
    orphan(semaphore)
    semaphore.acquire()
    assert owned.adopt(semaphore) is semaphore
    assert "taken by 'MainThread' (3): value=0/3>" in repr(semaphore)
    assert owned.adopt(semaphore) is semaphore
    semaphore.release(3)
    assert repr(semaphore).endswith("value=3/3>")


def test_adopt_refused(taken_by):
    """There is nothing to adopt where nobody has a permit, or only threads that live."""
    semaphore = owned.BoundedSemaphore(2)
    with pytest.raises(ValueError, match="nobody has a permit"):
        owned.adopt(semaphore)
    taken_by(semaphore, "bookkeeper")
    with pytest.raises(owned.LockNotHeldError, match="'bookkeeper' has 1 and goes on running"):
        owned.adopt(semaphore)


def test_adopted_while_others_wait():
    """Those who wait go on when the adopter gives back what it took over."""
    semaphore = owned.BoundedSemaphore(1)
    taken, end, got = threading.Event(), threading.Event(), []
    taker = threading.Thread(target=lambda: (semaphore.acquire(), taken.set(), end.wait(LIMIT)))
    taker.start()
    assert taken.wait(LIMIT)

    def wait():
        try:
            got.append(semaphore.acquire(timeout=LIMIT))
            semaphore.release()
        except owned.OrphanedError:  # it looked up before the adoption
            got.append(True)

    waiter = threading.Thread(target=wait)
    waiter.start()
    until_waiting(semaphore)
    end.set()
    join(taker)
    owned.adopt(semaphore)
    semaphore.release()
    join(waiter)
    assert got == [True]
    assert repr(semaphore).endswith("value=1/1>")


def test_many_takers_are_not_all_named():
    """A message stays readable."""
    semaphore = owned.BoundedSemaphore(8)
    for i in range(8):
        orphan(semaphore, f"departed-{i}")
    with pytest.raises(owned.OrphanedError, match="'departed-4', which has ended, has 1, 3 other threads have more"):
        semaphore.acquire()
