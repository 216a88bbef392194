# SPDX-License-Identifier: MIT
"""Semaphore, and what Semaphore and BoundedSemaphore have in common."""

import copy
import gc
import pickle
import re
import sys
import threading
import time
import weakref

import pytest

import owned
from locks import LIMIT, Interrupted, alarm, join, needs_signals, until_waiting
from programs import run_program

BOTH = pytest.mark.parametrize("kind", [owned.Semaphore, owned.BoundedSemaphore])


def taken_elsewhere(semaphore, name="taker"):
    """A thread that has a permit, until the event is set."""
    taken, enough = threading.Event(), threading.Event()

    def take():
        with semaphore:
            taken.set()
            assert enough.wait(LIMIT)

    thread = threading.Thread(target=take, name=name)
    thread.start()
    assert taken.wait(LIMIT)
    return thread, enough


@BOTH
def test_permits(kind):
    """As many as it was made with are to be had."""
    semaphore = kind(3)
    assert [semaphore.acquire(False) for _ in range(4)] == [True, True, True, False]
    assert semaphore.locked()
    assert semaphore.release() is None
    assert not semaphore.locked()
    assert semaphore.acquire() is True
    semaphore.release(n=3)
    assert [semaphore.acquire(False) for _ in range(4)] == [True, True, True, False]


@BOTH
def test_with(kind):
    """The block has a permit, also when it ends with an exception."""
    semaphore = kind()
    with semaphore as entered:
        assert entered is True
        assert semaphore.locked()
    with pytest.raises(KeyError), semaphore:
        raise KeyError
    assert not semaphore.locked()


@BOTH
@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        (((), {"blocking": False}), False),
        (((0,), {}), False),
        (((True, 0), {}), False),
        (((True, -5), {}), False),
        (((), {"timeout": 0.01}), False),
        (((False, 1), {}), ValueError),
        (((False,), {"timeout": 0}), ValueError),
        (((), {"timeout": "1"}), TypeError),
        (((), {"timeout": 1e100}), OverflowError),
        (((True, 1, 2), {}), TypeError),
        (((), {"wait": True}), TypeError),
    ],
)
def test_arguments(kind, how, outcome):
    """acquire() takes the arguments that threading's takes, and refuses those it refuses."""
    args, kwargs = how
    model, semaphore = threading.Semaphore(0), kind()
    semaphore.acquire()
    for each in (model, semaphore):
        if outcome is False:
            assert each.acquire(*args, **kwargs) is False
        else:
            with pytest.raises(outcome):
                each.acquire(*args, **kwargs)


@BOTH
@pytest.mark.parametrize("value", [-1, -sys.maxsize, "1", 1.5, None])
def test_initial_value(kind, value):
    """A value below nought is a ValueError, as in threading; what is no number is a TypeError."""
    with pytest.raises(ValueError if isinstance(value, int) else TypeError):
        kind(value)
    with pytest.raises(TypeError):
        kind(1, 2)
    assert kind(value=2).acquire()


@BOTH
def test_initialized_once(kind):
    """A second __init__ would take permits away from those who have them; a subclass must call the first."""
    with pytest.raises(RuntimeError, match="called before"):
        kind().__init__(3)

    class Named(kind):
        def __init__(self, name):
            super().__init__(2)
            self.name = name

    named = Named("x")
    assert isinstance(named, owned.Semaphore)
    with named, named:
        assert named.locked()

    class Forgetful(kind):
        def __init__(self):
            pass

    for call in ("acquire", "release", "locked", "__enter__"):
        with pytest.raises(RuntimeError, match="__init__"):
            getattr(Forgetful(), call)()


@BOTH
@pytest.mark.parametrize("n", [0, -1, -100])
def test_release_of_none(kind, n):
    """At least one is given back."""
    semaphore = kind()
    with pytest.raises(ValueError, match="n must be one or more"):
        semaphore.release(n)


def test_signalling():
    """Any thread may release, also more than were taken."""
    semaphore = owned.Semaphore(0)
    got = []
    thread = threading.Thread(target=lambda: got.append(semaphore.acquire(timeout=LIMIT)))
    thread.start()
    semaphore.release(3)
    join(thread)
    assert got == [True]
    assert [semaphore.acquire(False) for _ in range(3)] == [True, True, False]


def test_overflow():
    """There is an end to the number of permits."""
    semaphore = owned.Semaphore(sys.maxsize)
    with pytest.raises(OverflowError):
        semaphore.release()
    with pytest.raises(OverflowError):
        owned.Semaphore(sys.maxsize + 1)
    semaphore.acquire()
    semaphore.release()


def test_repr_names_the_takers():
    """Who has taken how many; a release gives back one's own, or what was taken longest ago."""
    semaphore = owned.Semaphore(4)
    thread, enough = taken_elsewhere(semaphore, "bookkeeper")
    semaphore.acquire()
    semaphore.acquire()
    at = r"at 0x[0-9a-fA-F]+"
    assert re.fullmatch(
        rf"<owned\.Semaphore {at}, taken by 'bookkeeper' \(1\), 'MainThread' \(2\): value=1>", repr(semaphore)
    )
    semaphore.release()
    assert "'MainThread' (1): value=2>" in repr(semaphore)
    semaphore.release(2)
    assert re.fullmatch(rf"<owned\.Semaphore {at}: value=4>", repr(semaphore))
    enough.set()
    join(thread)
    assert repr(semaphore).endswith(": value=5>")
    bounded = owned.BoundedSemaphore(2)
    assert re.fullmatch(rf"<owned\.BoundedSemaphore {at}: value=2/2>", repr(bounded))
    with bounded:
        assert re.fullmatch(rf"<owned\.BoundedSemaphore {at}, taken by 'MainThread' \(1\): value=1/2>", repr(bounded))


@BOTH
def test_first_come_first_served(kind):
    """Permits that are given back go to those who wait, in the order of their arrival; nobody overtakes them."""
    semaphore = kind()
    semaphore.acquire()
    order, threads = [], []

    def take(i):
        with semaphore:
            order.append(i)

    for i in range(5):
        threads.append(threading.Thread(target=take, args=(i,)))
        threads[-1].start()
        until_waiting(semaphore, i + 1)
    semaphore.release()
    assert semaphore.acquire(False) is False or len(order) == 5
    for thread in threads:
        join(thread)
    assert order == [0, 1, 2, 3, 4]


@BOTH
def test_a_permit_that_is_handed_over_is_not_free(kind):
    """Between the release and the first step of the thread that waited, the permit has its owner."""
    semaphore = kind()
    semaphore.acquire()
    end = threading.Event()
    thread = threading.Thread(target=lambda: (semaphore.acquire(), end.wait(LIMIT), semaphore.release()), name="next")
    thread.start()
    until_waiting(semaphore)
    semaphore.release()
    assert semaphore.locked()
    assert "taken by 'next' (1)" in repr(semaphore)
    assert semaphore.acquire(False) is False
    end.set()
    join(thread)
    assert semaphore.acquire(False) is True


def test_timeout_is_waited_for():
    """Beyond the half second after which a thread looks up."""
    semaphore = owned.BoundedSemaphore()
    thread, enough = taken_elsewhere(semaphore)
    start = time.monotonic()
    assert semaphore.acquire(timeout=0.55) is False
    assert 0.54 <= time.monotonic() - start < LIMIT
    enough.set()
    join(thread)


@needs_signals
@BOTH
def test_signal_handler_that_raises(kind):
    """Ctrl-C ends a wait, and no permit is taken."""
    semaphore = kind()
    thread, enough = taken_elsewhere(semaphore)
    with alarm(), pytest.raises(Interrupted):
        semaphore.acquire()
    enough.set()
    join(thread)
    assert "taken" not in repr(semaphore) and "waiting" not in repr(semaphore)
    assert not semaphore.locked()


@needs_signals
@BOTH
def test_a_permit_outlives_its_waiter(kind):
    """A thread whose signal handler runs has left the queue: a permit that is free meanwhile is the next one's."""
    semaphore = kind()
    thread, enough = taken_elsewhere(semaphore)
    got = []
    second = threading.Thread(target=lambda: (got.append(semaphore.acquire(timeout=LIMIT)), semaphore.release()))

    def handler(*_):
        second.start()
        until_waiting(semaphore, 1)
        enough.set()
        join(thread)
        raise Interrupted

    with alarm(handler), pytest.raises(Interrupted):
        semaphore.acquire()
    join(second)
    assert got == [True]
    assert not semaphore.locked()
    assert "taken" not in repr(semaphore)


def test_a_permit_that_another_gives_back_in_the_middle():
    """A thread is handed a permit, another one's release() gives that back, and then the acquire() raises: each permit
    is there once.
    """
    out = run_program(
        """
        import threading, owned
        from owned._waits import direct_waits
        semaphore = owned.Semaphore(0)
        taken, enough, asked = threading.Event(), threading.Event(), []
        def elsewhere(call, *args):
            thread = threading.Thread(target=call, args=args)
            thread.start()
            thread.join(30)
        def keep():
            with semaphore:
                taken.set()
                enough.wait(30)
        keeper = threading.Thread(target=keep)
        def director(what, for_ever):
            asked.append(what)
            if len(asked) == 1:
                return False  # it stands in the queue from now on, and asks again after half a second
            elsewhere(semaphore.release, 2)
            keeper.start()
            taken.wait(30)
            elsewhere(semaphore.release)
            raise KeyError
        direct_waits(director)
        try:
            semaphore.acquire()
        except KeyError:
            print(len(asked), semaphore)
        direct_waits(None)
        enough.set()
        keeper.join(30)
        print([semaphore.acquire(False) for _ in range(4)])
        """
    )
    told, permits = out.splitlines()
    assert re.fullmatch(r"2 <.*, taken by '.*\(keep\)' \(1\): value=2>", told), told
    assert permits == "[True, True, True, False]"


@needs_signals
@BOTH
def test_signal_handler_that_returns(kind):
    """A wait goes on after a signal."""
    semaphore = kind()
    thread, enough = taken_elsewhere(semaphore)
    with alarm(lambda *_: enough.set()):
        assert semaphore.acquire() is True
    join(thread)
    semaphore.release()


def test_nothing_to_adopt():
    """A Semaphore's permits belong to nobody."""
    with pytest.raises(TypeError, match=r"any thread may release"):
        owned.adopt(owned.Semaphore())


@BOTH
def test_guards_nothing(kind):
    """It lets several threads in, so nothing can be shared under it."""
    with pytest.raises(TypeError, match=r"several threads.*owned\.Lock"):
        owned.share(owned.List(), lock=kind())


def test_synchronized():
    """A function may take a permit for each call."""
    semaphore = owned.BoundedSemaphore(1)

    @owned.synchronized(semaphore)
    def work():
        return semaphore.locked()

    assert work() is True
    assert not semaphore.locked()


@BOTH
def test_not_copied_nor_pickled(kind):
    """As a lock."""
    for how in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=f"cannot pickle 'owned.{kind.__name__}'"):
            how(kind())


@BOTH
def test_life(kind):
    """It has weak references, goes in a cycle, and lets go of the threads it knew."""

    class Holder(kind):
        pass

    semaphore = Holder()
    semaphore.acquire()
    semaphore.self = semaphore
    ref, plain = weakref.ref(semaphore), kind()
    plain_ref = weakref.ref(plain)
    del semaphore, plain
    gc.collect()
    assert ref() is None and plain_ref() is None


@BOTH
def test_many_threads_one_after_another(kind):
    """The books of permits do not grow with the number of threads that had them."""
    semaphore = kind(2)

    def rounds(n):
        for _ in range(n):
            thread = threading.Thread(target=lambda: (semaphore.acquire(), semaphore.release()))
            thread.start()
            join(thread)
        gc.collect()
        return sys.getallocatedblocks()

    rounds(20)
    assert rounds(100) - rounds(0) < 100
    assert "taken" not in repr(semaphore)
