# SPDX-License-Identifier: MIT
"""A thread of C that lets go of its Python thread state with locks in its hands, and attaches anew."""

import threading

import pytest

import owned
from comeback import call_twice, needs_threads_of_c
from locks import LIMIT, in_line, join
from owned import _core

pytestmark = needs_threads_of_c

WAYS = {
    "Lock": lambda lock: lock,
    "RLock": lambda lock: lock,
    "RWLock.write": lambda lock: lock.write,
    "RWLock.read": lambda lock: lock.read,
}
ways = pytest.mark.parametrize("way", WAYS)


def make(way):
    lock = getattr(owned, way.partition(".")[0])()
    return lock, WAYS[way](lock)


@ways
def test_holds_what_it_held(way):
    """It is the same thread: it touches what the lock guards, and gives the lock back, as often as it took it."""
    lock, side = make(way)
    items = owned.share(owned.List([1]), lock=lock)
    times = 1 if way == "Lock" else 2
    seen = []

    def take():
        seen.append(_core.thread_id())
        for _ in range(times):
            side.acquire()

    def give_back():
        seen.append(_core.thread_id())
        assert side._is_owned()
        assert items[0] == 1
        for _ in range(times):
            assert lock.locked()
            side.release()
        with pytest.raises(owned.LockNotHeldError):
            side.release()

    call_twice(take, lambda: None, give_back)
    assert seen[0] == seen[1]
    assert not lock.locked()
    with lock:
        assert items == [1]


@ways
def test_ends_then(way):
    """A thread that comes back and does not give it back has ended like any other."""
    lock, side = make(way)
    call_twice(side.acquire, lambda: None, lambda: None)
    with pytest.raises(owned.OrphanedError):
        lock.acquire()
    assert owned.adopt(lock) is lock
    if way != "RWLock.read":
        lock.release()
    assert not lock.locked()


@ways
def test_is_told_meanwhile(way):
    """As long as it is away it is told as ended, for nobody knows whether it comes back."""
    lock, side = make(way)

    def be_told():
        with pytest.raises(owned.OrphanedError):
            lock.acquire()

    call_twice(side.acquire, be_told, side.release)
    assert not lock.locked()


@ways
def test_adopted_meanwhile(way):
    """What was adopted is not its any more when it comes back, and may be taken like any other lock."""
    lock, side = make(way)
    another, _ = make(way)
    items = owned.share(owned.List([1]), lock=lock)

    def take():
        side.acquire()
        WAYS[way](another).acquire()

    def adopt():
        owned.adopt(lock)
        if way != "RWLock.read":
            lock.release()

    def find_out():
        if way != "RWLock.read":  # what asks the lock itself comes first
            assert not side._is_owned()
        with pytest.raises(owned.LockNotHeldError):
            items[0]
        assert not side._is_owned()
        with pytest.raises(owned.LockNotHeldError):
            side.release()
        with side:
            assert items[0] == 1
        assert not side._is_owned()

    call_twice(take, adopt, find_out)
    assert not lock.locked()
    with pytest.raises(owned.OrphanedError):
        another.acquire()


def test_a_compound_lock():
    """All of them are given back, as its first step."""
    rw, lock = owned.RWLock(), owned.Lock()
    both = rw.read + lock
    call_twice(both.acquire, lambda: None, both.release)
    assert not both.locked() and not rw.locked()


def test_the_lock_died_meanwhile():
    """What it read under is gone, and another lock may live where it was: that one is not held."""
    box = [owned.RWLock() for _ in range(20)]

    def take():
        for rw in box:
            rw.read.acquire()

    def make_others():
        box[:] = [owned.RWLock() for _ in box]

    def find_out():
        assert not any(rw.read._is_owned() for rw in box)
        for rw in box:
            with rw.read:
                pass

    call_twice(take, make_others, find_out)
    assert not any(rw.locked() for rw in box)


def test_a_writer_goes_in_when_it_has_come_back():
    """A writer that waits is let in by the thread that read before it was away."""
    rw = owned.RWLock()
    got = []
    writer = threading.Thread(target=lambda: got.append(rw.acquire(timeout=LIMIT)))

    def let_in():
        assert rw.read._is_owned()  # from here on everybody knows that it lives
        writer.start()
        in_line(rw, writers=1)
        rw.read.release()
        join(writer)

    call_twice(rw.read.acquire, lambda: None, let_in)
    assert got == [True]
