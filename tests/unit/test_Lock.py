# SPDX-License-Identifier: MIT
"""Lock, and what Lock and RLock have in common."""

import copy
import gc
import pickle
import re
import signal
import sys
import threading
import time
import weakref
from fractions import Fraction

import pytest

import owned
from locks import LIMIT, held_elsewhere, join, orphan

BOTH = pytest.mark.parametrize("kind", [owned.Lock, owned.RLock])
needs_signals = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers here")


@BOTH
def test_acquire_and_release(kind):
    """A free lock is had at once, and is free again after release."""
    lock = kind()
    assert not lock.locked()
    assert lock.acquire() is True
    assert lock.locked()
    assert lock.release() is None
    assert not lock.locked()


@BOTH
def test_with(kind):
    """The block holds the lock, also when it ends with an exception."""
    lock = kind()
    with lock as entered:
        assert entered is True
        assert lock.locked()
    with pytest.raises(KeyError), lock:
        raise KeyError
    assert not lock.locked()


@BOTH
@pytest.mark.parametrize("how", [((False,), {}), ((), {"blocking": False}), ((True, 0), {}), ((), {"timeout": 0.01})])
def test_not_had_in_time(kind, how):
    """An acquire that may not wait, or not so long, says False."""
    lock = kind()
    args, kwargs = how
    with held_elsewhere(lock):
        assert lock.acquire(*args, **kwargs) is False
        assert lock.locked()
    assert lock.acquire(*args, **kwargs) is True


@BOTH
def test_wait_ends_with_release(kind):
    """A thread that waits has the lock once its holder gives it back."""
    lock = kind()
    order = []
    with held_elsewhere(lock) as enough:
        waiter = threading.Thread(target=lambda: (lock.acquire(), order.append("taken"), lock.release()))
        waiter.start()
        order.append("released")
        enough.set()
        join(waiter)
    assert order == ["released", "taken"]


@BOTH
@pytest.mark.parametrize(
    "how",
    [
        ((False, 1), {}),
        ((), {"blocking": False, "timeout": 0}),
        ((), {"timeout": -100}),
        ((), {"timeout": -0.5}),
        ((), {"timeout": 1e100}),
        ((), {"timeout": float("inf")}),
        ((), {"timeout": float("nan")}),
        ((), {"timeout": 10**30}),
        ((), {"timeout": -(10**30)}),
        ((), {"timeout": 10**18}),
        ((), {"timeout": threading.TIMEOUT_MAX + 1}),
        ((), {"timeout": "1"}),
        ((), {"timeout": None}),
        ((True, 1, 2), {}),
        ((), {"wait": True}),
        ((True,), {"blocking": True}),
    ],
)
def test_arguments_are_refused_as_threading_does(kind, how):
    """The same exception as threading's own lock, with the same text where its own versions agree on one."""
    args, kwargs = how
    model = threading.Lock()
    with pytest.raises((TypeError, ValueError, OverflowError)) as expected:
        model.acquire(*args, **kwargs)
    lock = kind()
    with pytest.raises(type(expected.value)) as got:
        lock.acquire(*args, **kwargs)
    assert type(got.value) is type(expected.value)
    own_wording = "real number" in str(got.value) or "value is too large" in str(got.value)
    if sys.version_info >= (3, 13) and not own_wording:
        assert str(got.value) == str(expected.value)
    assert not lock.locked()


@BOTH
@pytest.mark.parametrize("timeout", [threading.TIMEOUT_MAX, -1, -1.0, 0, 1e-9, True, Fraction(1, 3)])
def test_timeouts_accepted(kind, timeout):
    """The longest, the shortest, and -1 for ever."""
    lock = kind()
    assert lock.acquire(timeout=timeout) is True


@BOTH
def test_timeout_is_waited_for(kind):
    """A timed acquire waits its time out, also beyond the half second after which it looks up."""
    lock = kind()
    with held_elsewhere(lock):
        start = time.monotonic()
        assert lock.acquire(timeout=0.7) is False
        assert 0.69 <= time.monotonic() - start < 5


@BOTH
def test_release_of_a_free_lock(kind):
    """Nobody holds it: LockNotHeldError, a RuntimeError as in threading."""
    lock = kind()
    with pytest.raises(owned.LockNotHeldError) as caught:
        lock.release()
    assert isinstance(caught.value, RuntimeError)
    assert not lock.locked()


@BOTH
def test_release_by_another_thread(kind):
    """The error names the holder, and the holder keeps the lock."""
    lock = kind()
    with held_elsewhere(lock, "bookkeeper"):
        with pytest.raises(owned.LockNotHeldError, match="bookkeeper"):
            lock.release()
        assert lock.locked()
    assert not lock.locked()


@BOTH
def test_repr_names_the_holder(kind):
    """unlocked, or locked and by whom."""
    lock = kind()
    name = f"owned.{kind.__name__}"
    free, held = ("count=0 ", "count=1 ") if kind is owned.RLock else ("", "")
    assert re.fullmatch(rf"<unlocked {name} object {free}at 0x[0-9a-fA-F]+>", repr(lock))
    with lock:
        assert re.fullmatch(rf"<locked {name} object owner='MainThread' {held}at 0x[0-9a-fA-F]+>", repr(lock))
    orphan(lock)
    assert f"<locked {name} object owner='the departed' (ended) {held}at" in repr(lock)


@BOTH
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_not_pickled(kind, protocol):
    """A lock means nothing outside its process."""
    with pytest.raises(TypeError, match=f"cannot pickle 'owned.{kind.__name__}' object"):
        pickle.dumps(kind(), protocol)


@BOTH
@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy])
def test_not_copied(kind, copier):
    """Two locks where there was one would guard nothing."""
    with pytest.raises(TypeError, match="cannot pickle"):
        copier(kind())


@BOTH
def test_weakly_referenced(kind):
    """Locks have weak references, and die when nobody has them, held or not."""
    for held in (False, True):
        lock = kind()
        if held:
            lock.acquire()
        gone = []
        ref = weakref.ref(lock, gone.append)
        assert ref() is lock
        del lock
        gc.collect()
        assert ref() is None
        assert gone == [ref]


@BOTH
def test_no_arguments(kind):
    """A lock is made without arguments."""
    with pytest.raises(TypeError, match=f"{kind.__name__}\\(\\) takes no arguments"):
        kind(1)
    with pytest.raises(TypeError, match=f"{kind.__name__}\\(\\) takes no arguments"):
        kind(name="x")


def test_lock_is_final():
    """As in threading, Lock cannot be subclassed."""
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Sub", (owned.Lock,), {})


def test_hold_twice():
    """A holder that would wait for itself for ever is told so; one that need not wait, or not for ever, gets False."""
    lock = owned.Lock()
    with lock:
        with pytest.raises(owned.LockOrderError, match=r"holds it already.*RLock"):
            lock.acquire()
        with pytest.raises(owned.LockOrderError):
            lock.__enter__()
        assert lock.acquire(False) is False
        assert lock.acquire(timeout=0.01) is False
        assert lock.locked()
    assert not lock.locked()


@BOTH
def test_is_owned(kind):
    """_is_owned, which Condition asks, is about the calling thread."""
    lock = kind()
    assert not lock._is_owned()
    with lock:
        assert lock._is_owned()
    with held_elsewhere(lock):
        assert not lock._is_owned()


@BOTH
def test_under_condition(kind):
    """A threading.Condition works on it: wait gives it back entirely and has it again afterwards."""
    cond = threading.Condition(kind())
    items = []

    def produce():
        for i in range(100):
            with cond:
                items.append(i)
                cond.notify()

    got = []
    producer = threading.Thread(target=produce)
    with cond:
        producer.start()
        while len(got) < 100:
            assert cond.wait_for(lambda: items, LIMIT)
            got += items
            items.clear()
    join(producer)
    assert got == list(range(100))
    with pytest.raises(RuntimeError, match="un-acquired"):
        cond.notify()


@BOTH
def test_at_fork_reinit(kind):
    """_at_fork_reinit makes a free lock of any."""
    lock = kind()
    lock._at_fork_reinit()
    with lock:
        lock._at_fork_reinit()
        assert not lock.locked()
        lock.acquire()
    orphan(lock)
    lock._at_fork_reinit()
    assert lock.acquire(False)


@BOTH
def test_release_save(kind):
    """_release_save and _acquire_restore are each other's inverse, and check what they get."""
    lock = kind()
    with pytest.raises(owned.LockNotHeldError):
        lock._release_save()
    with lock:
        state = lock._release_save()
        assert not lock.locked()
        lock._acquire_restore(state)
        assert lock.locked()
    with pytest.raises(TypeError):
        lock._acquire_restore(None)
    with pytest.raises(ValueError, match="_release_save"):
        lock._acquire_restore(0)
    assert not lock.locked()


@BOTH
def test_holder_died(kind):
    """A lock whose holder's thread has ended says so to whoever wants it, and stays taken."""
    lock = kind()
    orphan(lock, "bookkeeper")
    for attempt in (lock.acquire, lock.__enter__, lambda: lock.acquire(False), lambda: lock.acquire(timeout=60)):
        with pytest.raises(owned.OrphanedError, match=r"bookkeeper(.|\n)*adopt"):
            attempt()
    assert lock.locked()
    with pytest.raises(owned.OwnershipError, match="bookkeeper"):
        lock.release()


@BOTH
def test_adopt(kind):
    """adopt(lock) takes over the lock of a thread that has ended: held once, released as usual."""
    lock = kind()
    orphan(lock)
    owned.adopt(lock)
    assert lock._is_owned()
    owned.adopt(lock)
    lock.release()
    assert not lock.locked()
    with held_elsewhere(lock):
        pass


@BOTH
def test_adopt_refused(kind):
    """There is nothing to adopt in a free lock, nor in one whose holder lives."""
    lock = kind()
    with pytest.raises(ValueError, match="nobody holds"):
        owned.adopt(lock)
    with held_elsewhere(lock, "bookkeeper"), pytest.raises(owned.LockNotHeldError, match="bookkeeper"):
        owned.adopt(lock)
    assert not lock.locked()


@BOTH
def test_adopted_once(kind):
    """Of many threads that adopt one lock, one has it."""
    lock = kind()
    orphan(lock)
    start, end = threading.Barrier(8), threading.Barrier(8)
    winners = []

    def adopt():
        start.wait(LIMIT)
        try:
            owned.adopt(lock)
        except owned.LockNotHeldError:
            end.wait(LIMIT)
        else:
            winners.append(threading.current_thread())
            end.wait(LIMIT)
            lock.release()

    threads = [threading.Thread(target=adopt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    assert len(winners) == 1
    assert not lock.locked()


@needs_signals
@BOTH
def test_holder_dies_while_we_wait(kind):
    """Who waits already when the holder's thread ends does not wait for ever."""
    lock = kind()
    taken, end = threading.Event(), threading.Event()
    holder = threading.Thread(target=lambda: (lock.acquire(), taken.set(), end.wait(LIMIT)), name="bookkeeper")
    holder.start()
    assert taken.wait(LIMIT)
    before = signal.signal(signal.SIGALRM, lambda *_: end.set())  # runs inside our wait
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(owned.OrphanedError, match="bookkeeper"):
            lock.acquire()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        join(holder)


@needs_signals
@BOTH
def test_signal_handler_that_raises(kind):
    """Ctrl-C ends a wait, and the lock is not taken afterwards."""
    lock = kind()

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with held_elsewhere(lock):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                lock.acquire()
            assert not lock._is_owned()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not lock.locked()


@needs_signals
@BOTH
def test_signal_handler_that_returns(kind):
    """A wait goes on after a signal, for the time that is left of it."""
    lock = kind()
    calls = []
    before = signal.signal(signal.SIGALRM, lambda *_: calls.append(1))
    try:
        with held_elsewhere(lock) as enough:
            signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
            start = time.monotonic()
            assert lock.acquire(timeout=0.3) is False
            assert 0.29 <= time.monotonic() - start < 5
            assert len(calls) >= 2
            signal.signal(signal.SIGALRM, lambda *_: enough.set())
            assert lock.acquire() is True
            lock.release()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@BOTH
def test_protect(kind):
    """lock.protect(obj) is share(obj, lock=lock)."""
    lock = kind()
    items = owned.List([1])
    assert lock.protect(items) is items
    assert owned.lock_of(items) is lock
    with pytest.raises(owned.LockNotHeldError):
        items.append(2)
    with lock:
        items.append(2)


@BOTH
def test_guards_what_is_shared(kind, elsewhere):
    """What is shared under a lock is the holder's to touch, on every thread, and nobody else's."""
    lock = kind()
    items = owned.share(owned.List(), lock=lock)

    def touch(held):
        if not held:
            with pytest.raises(owned.LockNotHeldError):
                items.append(0)
            return
        with lock:
            items.append(1)

    for run in (elsewhere, lambda f, *args: f(*args)):
        for held in (True, False, True):
            run(touch, held)
    with held_elsewhere(lock), pytest.raises(owned.LockNotHeldError, match="holder"):
        len(items)
    with lock:
        assert items == [1, 1, 1, 1]


@BOTH
def test_a_million_times(kind):
    """A million acquire and release, by method and by block, leave nothing behind."""
    lock = kind()

    def rounds(n):
        for _ in range(n):
            lock.acquire()
            lock.release()
            with lock:
                pass

    rounds(1000)
    gc.collect()
    before = sys.getallocatedblocks()
    rounds(500_000)
    gc.collect()
    assert sys.getallocatedblocks() - before < 100
    assert not lock.locked()


@BOTH
def test_a_hundred_thousand_locks(kind):
    """Locks that come and go, held or not, leave nothing behind."""

    def rounds(n):
        for i in range(n):
            lock = kind()
            if i % 2:
                lock.acquire()

    rounds(1000)
    gc.collect()
    before = sys.getallocatedblocks()
    rounds(100_000)
    gc.collect()
    assert sys.getallocatedblocks() - before < 100
