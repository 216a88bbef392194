# SPDX-License-Identifier: MIT
"""Condition: waiting under a lock of ours."""

import copy
import gc
import pickle
import threading
import time
import weakref

import pytest

import owned
from locks import LIMIT, Interrupted, alarm, held_elsewhere, join, needs_signals, orphan, until_waiting
from strictly import mode

BOTH = pytest.mark.parametrize("kind", [owned.Lock, owned.RLock])


class Waiter:
    """A thread that waits for a condition, and what came of it."""

    def __init__(self, condition, timeout=None, depth=1):
        self.condition, self.timeout, self.depth = condition, timeout, depth
        self.result = None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        for _ in range(self.depth):
            self.condition.acquire()
        self.result = self.condition.wait(self.timeout)
        for _ in range(self.depth):
            self.condition.release()


@BOTH
def test_stands_for_its_lock(kind):
    """acquire, release, with, locked() and the private names are the lock's."""
    lock = kind()
    condition = owned.Condition(lock)
    with condition as entered:
        assert entered is True
        assert lock._is_owned() and condition._is_owned() and condition.locked()
    assert not lock.locked()
    assert condition.acquire(timeout=1) is True
    with pytest.raises(ValueError):
        condition.acquire(False, 1)
    condition.release()
    assert condition.acquire(False) is True
    assert lock._is_owned()
    condition._acquire_restore(condition._release_save())
    condition.release()
    with pytest.raises(owned.LockNotHeldError):
        condition.release()


def test_makes_an_rlock():
    """Without a lock, or with None, it has an RLock of its own."""
    for condition in (owned.Condition(), owned.Condition(None), owned.Condition(lock=None)):
        with condition, condition:
            assert condition._recursion_count() == 2


@BOTH
def test_notified(kind):
    """wait() is True for a thread that was notified, and it has the lock as deep as before."""
    condition = owned.Condition(kind())
    depth = 1 if kind is owned.Lock else 3
    waiter = Waiter(condition, depth=depth)
    until_waiting(condition)
    with condition:
        condition.notify()
        assert repr(condition).endswith(", 0)>")
    join(waiter.thread)
    assert waiter.result is True
    assert not condition.locked()


@BOTH
@pytest.mark.parametrize("timeout", [0, -1, 0.01, 1e-9])
def test_not_in_time(kind, timeout):
    """wait() is False when the time is up, with the lock held."""
    condition = owned.Condition(kind())
    with condition:
        assert condition.wait(timeout) is False
        assert condition._is_owned()
    assert repr(condition).endswith(", 0)>")


def test_timeout_is_waited_for():
    """A wait takes its time."""
    condition = owned.Condition()
    start = time.monotonic()
    with condition:
        assert condition.wait(timeout=0.1) is False
    assert 0.09 <= time.monotonic() - start < LIMIT


@pytest.mark.parametrize("timeout", ["1", float("nan"), float("inf"), 10**30, object()])
@pytest.mark.parametrize("call", ["wait", "wait_for"])
def test_timeouts_refused(timeout, call):
    """A timeout that is none is refused before anything is given back."""
    condition = owned.Condition()
    args = (lambda: True,) if call == "wait_for" else ()
    with condition, pytest.raises((TypeError, ValueError, OverflowError)):
        getattr(condition, call)(*args, timeout=timeout)


def test_the_lock_must_be_held():
    """Who neither holds the lock nor takes it cannot wait or notify: a RuntimeError with the way out."""
    condition = owned.Condition()
    calls = [condition.wait, condition.notify, condition.notify_all, lambda: condition.wait_for(lambda: True)]
    for call in calls:
        with pytest.raises(owned.LockNotHeldError, match=r"nobody holds its lock\. .*with condition"):
            call()
    with held_elsewhere(condition, "bookkeeper"):
        for call in calls:
            with pytest.raises(RuntimeError, match="'bookkeeper' holds its lock"):
                call()


def test_a_predicate_that_gives_the_lock_up():
    """A predicate that comes back without the lock is told so."""
    condition = owned.Condition()
    with pytest.raises(owned.LockNotHeldError):
        with condition:
            condition.wait_for(condition.release)


def test_wait_for():
    """It waits until the predicate holds, and gives what the predicate gave."""
    condition = owned.Condition()
    items = []
    got = []

    def take():
        with condition:
            got.append(condition.wait_for(lambda: items and items.pop(), LIMIT))

    thread = threading.Thread(target=take)
    thread.start()
    until_waiting(condition)
    with condition:
        condition.notify()  # in vain
    until_waiting(condition)
    with condition:
        items.append("x")
        condition.notify()
    join(thread)
    assert got == ["x"]
    with condition:
        assert condition.wait_for(lambda: 7) == 7
        assert condition.wait_for(list, timeout=0.01) == []
        calls = []
        assert condition.wait_for(lambda: calls.append(1), timeout=0) is None
        assert len(calls) == 2
        with pytest.raises(ZeroDivisionError):
            condition.wait_for(lambda: 1 / 0)


def test_notify_wakes_the_longest_waiting():
    """notify(n) wakes n threads, the first ones; notify_all wakes the rest; a number that is none wakes nobody."""
    condition = owned.Condition()
    waiters = []
    for count in range(1, 6):
        waiters.append(Waiter(condition, LIMIT))
        until_waiting(condition, count)
    with condition:
        condition.notify(0)
        condition.notify(-3)
        condition.notify(n=2)
        assert repr(condition).endswith(", 3)>")
    for waiter in waiters[:2]:
        join(waiter.thread)
    assert [waiter.result for waiter in waiters] == [True, True, None, None, None]
    with condition:
        condition.notify(100)
        condition.notify_all()
    for waiter in waiters:
        join(waiter.thread)
    assert all(waiter.result for waiter in waiters)


def test_two_on_one_lock():
    """Several conditions may have one lock: a notify reaches those that wait for its own."""
    lock = owned.Lock()
    empty, full = owned.Condition(lock), owned.Condition(lock)
    again = owned.Condition(empty)
    assert owned.lock_of(owned.share(owned.List(), lock=again)) is lock
    waiter, other = Waiter(empty, LIMIT), Waiter(full, LIMIT)
    until_waiting(empty)
    until_waiting(full)
    with lock:
        empty.notify_all()
    join(waiter.thread)
    assert waiter.result is True and other.result is None
    with full:
        full.notify()
    join(other.thread)
    assert other.result is True


def test_share():
    """What is shared under a condition is shared under its lock."""
    condition = owned.Condition()
    items = owned.share(owned.List(), lock=condition)
    lock = owned.lock_of(items)
    assert type(lock) is owned.RLock
    assert owned.share(items, lock=condition) is items
    with condition:
        items.append(1)
    with pytest.raises(owned.LockNotHeldError):
        items.append(2)
    with owned.locked(items):
        condition.notify()


def test_share_in_mode_off():
    """The same where nothing is checked."""
    condition = owned.Condition()
    with mode(0):
        items = owned.share(owned.own([]), lock=condition)
        assert owned.lock_of(items) is condition._lock
        with owned.locked(items):
            assert condition._is_owned()


def test_what_is_shared_while_we_wait():
    """While a thread waits, what is shared under the lock is not its own."""
    condition = owned.Condition()
    items = owned.share(owned.List(), lock=condition)
    waiter = Waiter(condition, LIMIT)
    until_waiting(condition)
    with condition:
        items.append(1)
        condition.notify()
    join(waiter.thread)
    with condition:
        assert items == [1]


@needs_signals
@BOTH
def test_signal_handler_that_raises(kind):
    """Ctrl-C ends the wait with the lock held again, as deep as it was, and leaves nobody in the queue."""
    condition = owned.Condition(kind())
    with condition:
        if kind is owned.RLock:
            condition.acquire()
        with alarm(), pytest.raises(Interrupted):
            condition.wait()
        assert condition._is_owned()
        assert repr(condition).endswith(", 0)>")
        if kind is owned.RLock:
            assert condition._recursion_count() == 2
            condition.release()
    assert not condition.locked()


@needs_signals
def test_signal_handler_that_returns():
    """A wait goes on after a signal, and a handler may notify."""
    condition = owned.Condition()

    def notify(*_):
        with condition:
            condition.notify()

    with condition, alarm(notify):
        assert condition.wait(LIMIT) is True


@needs_signals
def test_a_notification_outlives_its_waiter():
    """A thread that is notified and raises all the same passes the notification on."""
    condition = owned.Condition()

    def handler(*_):
        until_waiting(condition, 2)
        with condition:
            condition.notify()  # for the one below, which has waited longer
        until_waiting(condition, 1)
        raise Interrupted

    with condition:
        waiter = Waiter(condition, LIMIT)
        with alarm(handler), pytest.raises(Interrupted):
            condition.wait()
    join(waiter.thread)
    assert waiter.result is True


def test_holder_died():
    """Waiting for the lock of a thread that has ended with it raises, as acquire() does."""
    condition = owned.Condition()
    orphan(condition, "bookkeeper")
    with pytest.raises(owned.OrphanedError, match="bookkeeper"):
        condition.acquire()
    with pytest.raises(owned.LockNotHeldError, match="'bookkeeper', which holds its lock, has ended"):
        condition.notify()


def test_the_lock_is_orphaned_while_we_wait():
    """A wait whose lock is taken by a thread that ends with it ends with an OrphanedError."""
    condition = owned.Condition()
    condition.acquire()
    thread = threading.Thread(target=lambda: (condition.acquire(), condition.notify()), name="bookkeeper")
    thread.start()
    with pytest.raises(owned.OrphanedError, match="bookkeeper"):
        condition.wait(LIMIT)
    join(thread)
    assert not condition._is_owned()


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        (threading.Lock(), r"threading\.Lock: use owned\.Lock\(\)"),
        (threading.RLock(), r"threading\.RLock: use owned\.RLock\(\)"),
        (threading.Condition(), r"owned\.Condition\(\)"),
        (owned.Semaphore(), "several threads"),
        (owned.Lock() + owned.Lock(), "one of its locks"),
        (owned.Lock, "class owned.Lock itself"),
        (7, "got int"),
    ],
)
def test_locks_refused(lock, words):
    """Only a lock of ours will do; the error names it."""
    with pytest.raises(TypeError, match=words):
        owned.Condition(lock)


def test_init():
    """__init__ is called once; a subclass that does not call it has no lock, and says so."""
    condition = owned.Condition()
    with pytest.raises(RuntimeError, match="called before"):
        condition.__init__()

    class Named(owned.Condition):
        def __init__(self, name, lock):
            super().__init__(lock)
            self.name = name

    lock = owned.Lock()
    with Named("x", lock) as held:
        assert held and lock._is_owned()

    class Forgetful(owned.Condition):
        def __init__(self):
            pass

    bad = Forgetful()
    for call in (bad.acquire, bad.release, bad.wait, bad.notify, bad.locked, bad._release_save, bad.__enter__):
        with pytest.raises(RuntimeError, match="__init__"):
            call()
    with pytest.raises(RuntimeError, match="__init__"):
        owned.share(owned.List(), lock=bad)
    with pytest.raises(RuntimeError, match="__init__"):
        bad + lock
    assert "None, 0" in repr(bad)


def test_under_a_condition_of_threading():
    """threading.Condition works over a condition of ours, as over its lock."""
    outer = threading.Condition(owned.Condition())
    with outer:
        assert outer.wait(0.01) is False
        outer.notify()
    items = owned.share(owned.List(), lock=threading.Condition(owned.RLock()))
    assert type(owned.lock_of(items)) is owned.RLock


def test_not_copied_nor_pickled():
    """As a lock."""
    for how in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot pickle 'owned.Condition'"):
            how(owned.Condition())


def test_life():
    """It has weak references and goes in a cycle; its lock lives as long."""

    class Holder(owned.Condition):
        pass

    condition = Holder()
    condition.self = condition
    condition.items = owned.share(owned.List(), lock=condition)
    ref = weakref.ref(condition)
    del condition
    gc.collect()
    assert ref() is None


def test_at_fork_reinit():
    """_at_fork_reinit makes a free lock of any."""
    condition = owned.Condition()
    orphan(condition)
    condition._at_fork_reinit()
    assert condition.acquire(False)


def test_strict_mode_knows_what_is_held():
    """In strict mode a wait takes the lock off the list, and puts it there again."""
    with mode():
        first, condition = owned.Lock(), owned.Condition(owned.Lock())
        with first, condition:
            condition.wait(0.01)
        with pytest.raises(owned.LockOrderError):
            with condition, first:
                pass
        with condition:
            condition.wait(0.01)
            with pytest.raises(owned.LockOrderError):
                first.acquire()
        with first:
            pass
