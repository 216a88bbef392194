# SPDX-License-Identifier: MIT
"""CompoundLock: a + b + c."""

import copy
import functools
import gc
import operator
import pickle
import threading
import time
import weakref
from itertools import permutations

import pytest

import owned
from locks import LIMIT, Interrupted, alarm, held_elsewhere, join, needs_signals, orphan
from strictly import mode

KINDS = (owned.Lock, owned.RLock)


def make(count=2, kind=owned.Lock):
    return [kind() for _ in range(count)]


def are_held(*locks):
    return [lock._is_owned() for lock in locks]


@pytest.mark.parametrize("left", KINDS)
@pytest.mark.parametrize("right", KINDS)
def test_with(left, right):
    """The block holds all of them, also when it ends with an exception."""
    a, b = left(), right()
    both = a + b
    assert type(both) is owned.CompoundLock
    with both as entered:
        assert entered is True
        assert are_held(a, b) == [True, True]
    with pytest.raises(KeyError), a + b:
        raise KeyError
    assert not a.locked() and not b.locked()
    with both:
        pass


def test_one_order():
    """Whichever way they are written, the locks are in one order, each of them once, and the results are equal."""
    locks = make(4)
    sums = {functools.reduce(operator.add, some) for some in permutations(locks)}
    assert len(sums) == 1
    [compound] = sums
    assert set(compound.locks) == set(locks)
    a, b, c, d = compound.locks
    for other in ((a + b) + (c + d), d + (c + (b + a)), compound + compound, compound + a, owned.CompoundLock(*locks)):
        assert other == compound and hash(other) == hash(compound)
        assert other.locks == (a, b, c, d)
    assert a + b != a + c
    assert (a + a).locks == (a,)
    assert compound != locks
    with pytest.raises(TypeError):
        compound < compound


def test_many():
    """CompoundLock(*locks) takes any number."""
    locks = make(100)
    compound = owned.CompoundLock(*locks, *reversed(locks))
    assert len(compound.locks) == 100
    with compound:
        assert all(are_held(*locks))
    assert not compound.locked()


def test_condition_stands_for_its_lock():
    """On either side."""
    a, condition = owned.Lock(), owned.Condition()
    for compound in (a + condition, condition + a, condition + condition, a + condition + a):
        with compound:
            condition.notify()
    with a + condition:
        assert condition.wait(0.01) is False
        assert a._is_owned()


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (threading.Lock(), r"owned\.Lock\(\), a drop-in"),
        (threading.RLock(), r"owned\.RLock\(\), a drop-in"),
        (threading.Condition(), r"owned\.Condition\(\), a drop-in"),
        (owned.Semaphore(), "several threads"),
        (owned.BoundedSemaphore(), "several threads"),
        (3, "unsupported operand"),
        ("lock", "unsupported operand|concatenate"),
        (None, "unsupported operand"),
    ],
)
def test_refused(other, words):
    """Only locks of ours can be added; a lock of another kind has its drop-in named."""
    for attempt in (
        lambda: owned.Lock() + other,
        lambda: other + owned.RLock(),
        lambda: owned.Lock() + owned.Lock() + other,
    ):
        with pytest.raises(TypeError, match=words):
            attempt()


def test_made_wrongly():
    """CompoundLock() takes one lock at least, and locks only."""
    for attempt in (owned.CompoundLock, lambda: owned.CompoundLock(3), lambda: owned.CompoundLock(lock=owned.Lock())):
        with pytest.raises(TypeError, match=r"CompoundLock\(\)"):
            attempt()
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Sub", (owned.CompoundLock,), {})


@pytest.mark.parametrize("which", [0, 1, 2])
def test_all_or_nothing(which):
    """When one is not to be had in time, none is taken."""
    compound = owned.CompoundLock(*make(3))
    with held_elsewhere(compound.locks[which]):
        assert compound.acquire(False) is False
        assert compound.acquire(timeout=0) is False
        assert compound.acquire(timeout=0.01) is False
        assert are_held(*compound.locks) == [False] * 3
        assert [lock.locked() for lock in compound.locks] == [i == which for i in range(3)]
    assert compound.acquire(timeout=1) is True
    compound.release()
    for bad in ({"blocking": False, "timeout": 1}, {"timeout": -3}):
        with pytest.raises(ValueError):
            compound.acquire(**bad)


def test_one_timeout_for_all():
    """Time that was spent on the first lock is gone for the second."""
    compound = owned.CompoundLock(*make(2))
    a, b = compound.locks
    start = time.monotonic()
    with held_elsewhere(b), held_elsewhere(a) as enough:
        timer = threading.Timer(0.1, enough.set)
        timer.start()
        assert compound.acquire(timeout=0.2) is False
    assert 0.19 <= time.monotonic() - start < LIMIT
    assert not compound.locked()
    join(timer)


def test_longest_timeout():
    """A lock whose class has an acquire() of its own is asked with no more than what is left of the longest timeout."""

    class Own(owned.RLock):
        pass

    compound = owned.Lock() + Own()
    assert compound.acquire(timeout=threading.TIMEOUT_MAX) is True
    compound.release()


def test_locked():
    """Is any of them held by anybody?"""
    a, b = make()
    both = a + b
    assert not both.locked()
    for lock in (a, b):
        with held_elsewhere(lock):
            assert both.locked()
        with lock:
            assert both.locked()
    with both:
        assert both.locked() and both._is_owned()
    with a:
        assert not both._is_owned()


def test_release_not_held():
    """Who does not hold them all gives none back."""
    a, b = make()
    both = a + b
    with pytest.raises(owned.LockNotHeldError):
        both.release()
    for lock in (a, b):
        with lock:
            with pytest.raises(owned.LockNotHeldError, match="nobody holds it"):
                both.release()
            assert lock._is_owned()
    with held_elsewhere(both, "bookkeeper"), pytest.raises(owned.LockNotHeldError, match="bookkeeper"):
        both.release()


def test_given_back_in_reverse():
    """The lock that was taken last is given back first."""
    order = []

    class Told(owned.RLock):
        def acquire(self, *args):
            order.append(("acquire", self))
            return super().acquire(*args)

        def release(self):
            order.append(("release", self))
            super().release()

    both = Told() + Told()
    a, b = both.locks
    with both:
        pass
    assert both.acquire(timeout=1)
    both.release()
    assert order == [("acquire", a), ("acquire", b), ("release", b), ("release", a)] * 2


@pytest.mark.parametrize("which", [0, 1])
def test_a_lock_that_we_hold(which):
    """A plain Lock that this thread holds already is refused as alone; an RLock is taken once more."""
    compound = owned.CompoundLock(*make(2))
    with compound.locks[which]:
        with pytest.raises(owned.LockOrderError, match="holds it already"):
            compound.acquire()
        assert compound.acquire(False) is False
        assert are_held(*compound.locks) == [which == 0, which == 1]
    reentrant = owned.RLock() + owned.RLock()
    with reentrant, reentrant, reentrant.locks[0]:
        assert [lock._recursion_count() for lock in reentrant.locks] == [3, 2]
    assert not reentrant.locked()


@pytest.mark.parametrize("which", [0, 1])
def test_holder_died(which):
    """A lock whose holder has ended is told, and none is taken."""
    compound = owned.CompoundLock(*make(2))
    orphan(compound.locks[which], "bookkeeper")
    for attempt in (compound.acquire, lambda: compound.acquire(False), lambda: compound.acquire(timeout=60)):
        with pytest.raises(owned.OrphanedError, match="bookkeeper"):
            attempt()
    assert are_held(*compound.locks) == [False, False]
    owned.adopt(compound.locks[which])
    compound.locks[which].release()
    with compound:
        pass


def test_taker_died():
    """A thread that ends with both leaves both orphaned."""
    both = owned.Lock() + owned.RLock()
    orphan(both, "bookkeeper")
    with pytest.raises(owned.OrphanedError, match="bookkeeper"):
        with both:
            pass
    for lock in both.locks:
        owned.adopt(lock)
    both.release()
    assert not both.locked()


@needs_signals
def test_signal_handler_that_raises():
    """Ctrl-C in the middle gives back what was taken."""
    compound = owned.CompoundLock(*make(3))
    with held_elsewhere(compound.locks[2]):
        with alarm(), pytest.raises(Interrupted):
            compound.acquire()
        assert are_held(*compound.locks) == [False] * 3
        assert [lock.locked() for lock in compound.locks] == [False, False, True]
    with compound:
        pass


@needs_signals
def test_signal_handler_that_gives_back():
    """A handler that gives back what we have taken meanwhile does not hide the error that ends the wait."""
    compound = owned.CompoundLock(*make(3))

    def handler(*_):
        compound.locks[1].release()
        raise Interrupted

    with held_elsewhere(compound.locks[2]):
        with alarm(handler), pytest.raises(owned.LockNotHeldError) as error:
            compound.acquire()
        assert isinstance(error.value.__context__, Interrupted)
        assert are_held(*compound.locks) == [False] * 3


def test_share_is_refused():
    """An object has one lock for life."""
    with pytest.raises(TypeError, match=r"several locks: use one of them, .*with a \+ b"):
        owned.share(owned.List(), lock=owned.Lock() + owned.Lock())


def test_objects_of_both():
    """What is shared under either lock may be touched under both."""
    a, b = make()
    left, right = owned.share(owned.List([1]), lock=a), owned.share(owned.List(), lock=b)
    with owned.lock_of(left) + owned.lock_of(right):
        right.append(left.pop())
    with b, pytest.raises(owned.LockNotHeldError):
        left.append(right.pop())
    with b:
        assert right == []


def test_synchronized():
    """@synchronized takes them all, and nothing where the caller holds them all; @requires asks for them all."""
    a, b = make()

    @owned.synchronized(a + b)
    def outer():
        return are_held(a, b), inner(), needs()

    @owned.synchronized(b + a)
    def inner():
        return are_held(a, b)

    @owned.requires(a + b)
    def needs():
        return True

    assert outer() == ([True, True], [True, True], True)
    assert not (a + b).locked()
    with a, pytest.raises(owned.LockNotHeldError):
        needs()


def test_sides_of_an_rwlock():
    """An RWLock stands for its write side; of both sides of one the write side stays, under which one may read."""
    rw, other, a = owned.RWLock(), owned.RWLock(), owned.Lock()
    assert (rw + a) == (rw.write + a) == (a + rw.read + rw.write) == (rw.read + a + rw)
    reading = rw.read + other.read + a
    assert len(reading.locks) == 3 and reading == a + other.read + rw.read
    with reading:
        assert are_held(rw.read, rw.write, other.read, a) == [True, False, True, True]
        with rw.read + other.read:
            pass
        with pytest.raises(owned.LockOrderError):
            (rw + other.read).acquire()
        assert are_held(rw.read, rw.write, other.read) == [True, False, True]
    writing = rw + other.read
    with writing:
        assert are_held(rw.write, other.read, other.write) == [True, True, False]
        with pytest.raises(owned.LockNotHeldError):
            (rw.read + other.read).release()
        assert are_held(rw.write, other.read) == [True, True]
    with held_elsewhere(rw.read):
        assert not (rw.read + a).locked() and (rw + a).locked()
        assert (rw.read + a).acquire(False) is True
        (rw.read + a).release()
        assert writing.acquire(timeout=0.01) is False
    assert not writing.locked() and not other.write.locked()


def test_conditions_of_an_rwlock():
    """A Condition may have the write side of an RWLock, not its read side."""
    rw = owned.RWLock()
    items = owned.share(owned.List(), lock=owned.Condition(rw))
    for condition in (owned.Condition(rw), owned.Condition(rw.write)):
        assert condition._lock is rw
        with rw.write:
            items.append(1)
            assert condition.wait(0.01) is False
            condition.notify_all()
            assert rw.write._is_owned()
        with rw.read, pytest.raises(owned.LockNotHeldError):
            condition.wait()
    with pytest.raises(TypeError, match="write side"):
        owned.Condition(rw.read)


def test_repr():
    """The locks, each as it is, in the order in which they are taken."""
    a, b = make(2, owned.RLock)
    with a:
        assert repr(a + b) in (f"<owned.CompoundLock of {a!r} + {b!r}>", f"<owned.CompoundLock of {b!r} + {a!r}>")


def test_not_copied_nor_pickled():
    """As a lock."""
    for how in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot pickle 'owned.CompoundLock'"):
            how(owned.Lock() + owned.Lock())


def test_life():
    """It keeps its locks alive, has weak references, and goes in a cycle."""

    class Holder(owned.RLock):
        pass

    a = Holder()
    a.compound = a + owned.Lock()
    refs = [weakref.ref(a.compound), weakref.ref(a.compound.locks[1])]
    del a
    gc.collect()
    assert [ref() for ref in refs] == [None, None]


def test_strict_mode_finds_no_contradiction():
    """Both `a + b` and `b + a` are one order; taking the single locks the other way round contradicts it."""
    with mode():
        first, second = make()
        both = first + second
        a, b = both.locks
        with second + first:
            pass
        with first + second:
            pass
        with a, b:
            pass
        with pytest.raises(owned.LockOrderError) as error:
            with b, a:
                pass
        assert "test_strict_mode_finds_no_contradiction" in str(error.value)
        with pytest.raises(owned.LockOrderError):
            with b, a + owned.Lock():
                pass
        assert not both.locked()
        with b:
            assert both.acquire(timeout=0.01) is False
