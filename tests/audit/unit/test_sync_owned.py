# SPDX-License-Identifier: MIT
"""What is told of our own locks, channels, atomics and parcels."""

from __future__ import annotations

import gc
import threading

import pytest

import owned
from owned import _core


@pytest.mark.parametrize("make", [owned.Lock, owned.RLock, owned.RWLock])
def test_lock(orders, together, unseen, make):
    """Whoever takes a lock after another is ordered by it, by nothing but it."""
    lock = make()
    together(
        lambda: (lock.acquire(), orders.mark("first"), lock.release(), unseen.go()),
        lambda: (unseen.wait(), lock.acquire(), orders.mark("second"), lock.release(), orders.mark("free")),
    )
    assert orders.between("first", "second") == "lock"
    assert orders.held("second") == (f"owned.{make.__name__}",)
    assert orders.held("free") == ()


def test_reading(orders):
    """The read side is told of as such; writing, then reading goes on as reading."""
    lock = owned.RWLock()
    with lock.read:
        orders.mark("reads")
    with lock.write:
        orders.mark("writes")
        lock.read.acquire()
        orders.mark("both")
    orders.mark("reads on")
    lock.read.release()
    orders.mark("none")
    assert orders.held("reads") == orders.held("reads on") == ("owned.RWLock to read",)
    assert orders.held("writes") == orders.held("both") == ("owned.RWLock",)
    assert orders.held("none") == ()


def test_locks_that_the_core_takes(orders):
    """A synchronized method and locked(obj) hold the lock."""
    lock = owned.RLock()

    @owned.owned
    class Account:
        def __init__(self):
            self.balance = 0

    account = owned.share(Account(), lock=lock)
    with owned.locked(account):
        orders.mark("locked")
    orders.mark("none")
    assert orders.held("locked") == ("owned.RLock",)
    assert orders.held("none") == ()


def test_condition(orders):
    """Who was woken comes after who notified; while it waits it holds nothing."""
    condition = owned.Condition()

    def notify():
        with condition:
            orders.mark("notifies")
            condition.notify_all()

    thread = threading.Thread(target=notify)
    with condition:
        thread.start()
        assert condition.wait(30)
        orders.mark("woken")
    thread.join()
    assert orders.between("notifies", "woken") == "signal"
    assert len(orders.held("woken")) == len(orders.held("notifies")) == 1


def test_semaphore(orders, together):
    """A permit that is waited for comes after whoever gave it."""
    semaphore = owned.Semaphore(0)
    together(
        lambda: (orders.mark("gives"), semaphore.release()),
        lambda: (semaphore.acquire(timeout=30), orders.mark("gets")),
    )
    assert orders.between("gives", "gets") == "signal"


def test_channel(orders, together):
    """What is got comes after what was put; the end of a channel comes after its close()."""
    channel = owned.Channel()
    together(
        lambda: (orders.mark("puts"), channel.put(1), orders.mark("closes"), channel.close()),
        lambda: (channel.get(timeout=30), orders.mark("got"), list(channel), orders.mark("end")),
    )
    assert orders.between("puts", "got") == orders.between("closes", "end") == "signal"


def test_select(orders, together):
    """select() is a get()."""
    channel, other = owned.Channel(), owned.Channel()
    together(lambda: (orders.mark("puts"), channel.put(1)), lambda: (owned.select(other, channel), orders.mark("got")))
    assert orders.between("puts", "got") == "signal"


@pytest.mark.parametrize("write", ["set", "add", "compare_and_set", "swap"])
def test_atomic_int(orders, together, write):
    """Whoever reads comes after whoever wrote."""
    number = owned.AtomicInt(0)

    def change():
        orders.mark("before")
        getattr(number, write)(*((0, 1) if write == "compare_and_set" else (1,)))

    def read():
        while number.value == 0:
            pass
        orders.mark("after")

    together(change, read)
    assert orders.between("before", "after") == "signal"


def test_atomic_ref(orders, together):
    """The same of a reference."""
    reference = owned.AtomicRef()

    def read():
        while reference.get() is None:
            pass
        orders.mark("after")

    together(lambda: (orders.mark("before"), reference.set("x")), read)
    assert orders.between("before", "after") == "signal"


def test_once_and_lazy(orders, together, unseen):
    """Whoever gets what was computed once comes after the computing."""
    once, lazy = owned.Once(), owned.Lazy(lambda: orders.mark("lazily") or 1)
    together(
        lambda: (once.call(lambda: orders.mark("once")), lazy(), unseen.go()),
        lambda: (unseen.wait(), once.call(int), orders.mark("after once"), lazy(), orders.mark("after lazy")),
    )
    assert orders.between("once", "after once") == orders.between("lazily", "after lazy") == "signal"


def test_parcel(orders, together, unseen):
    """claim() comes after move()."""
    parcels = []
    together(
        lambda: (orders.mark("moves"), parcels.append(owned.move(owned.List([1]))), unseen.go()),
        lambda: (unseen.wait(), parcels[0].claim(), orders.mark("claimed")),
    )
    assert orders.between("moves", "claimed") == "signal"


def test_thread_and_pool(orders):
    """Our Thread is told of as the one it inherits from; our pool works on."""

    def work():
        orders.mark("in it")

    orders.mark("before")
    thread = owned.Thread(target=work, unguarded="pass")
    thread.start()
    thread.join()
    orders.mark("after")
    assert orders.between("before", "in it") == orders.between("in it", "after") == "signal"
    with owned.ThreadPoolExecutor(1) as pool:
        assert pool.submit(int).result(30) == 0


def test_nothing_is_kept_alive(orders):
    """Locks and atomics that are told of die as ever."""
    import weakref

    lock, number = owned.Lock(), owned.AtomicInt()
    with lock:
        number.add(1)
    references = [weakref.ref(lock), weakref.ref(number)]
    del lock, number
    gc.collect()
    assert [reference() for reference in references] == [None, None]


def test_errors_stay(orders):
    """An error on its way out is not lost where a lock is given back."""
    lock = owned.Lock()
    with pytest.raises(ZeroDivisionError), lock:
        1 / 0
    assert not lock.locked()


def test_a_watcher_that_raises(monkeypatch):
    """What a watcher raises is told as unraisable, and changes nothing."""
    import sys

    from owned import _watch

    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: told.append(args.exc_type))

    def watcher(obj, event):
        raise ZeroDivisionError

    lock = owned.Lock()
    _watch.watch(watcher)
    try:
        with lock:
            pass
    finally:
        _watch.watch(None)
    assert told == [ZeroDivisionError, ZeroDivisionError]
    with lock:
        pass
    assert len(told) == 2
    assert not hasattr(_core, "watcher")
