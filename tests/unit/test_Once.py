# SPDX-License-Identifier: MIT
"""Once and, where it is the same, Lazy: run once, whoever comes first."""

import copy
import functools
import gc
import pickle
import signal
import threading
import weakref

import pytest

import owned
from guarded import Node
from locks import LIMIT, join
from owned import Lazy, Once
from waiting import Waiter

needs_signals = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers here")


def once_runner(function):
    """``run(**timeout)`` through a Once."""
    once = Once()
    return lambda **timeout: once.call(function, **timeout)


BOTH = pytest.mark.parametrize("runner", [once_runner, Lazy], ids=["Once", "Lazy"])


class Gate:
    """A function that others have to wait for."""

    def __init__(self, result="made", fails=0):
        self.inside, self.open = threading.Event(), threading.Event()
        self.runs = 0
        self.fails = fails
        self.result = result

    def __call__(self):
        self.runs += 1
        self.inside.set()
        assert self.open.wait(LIMIT)
        if self.runs <= self.fails:
            raise ConnectionError(f"run {self.runs}")
        return self.result

    def occupy(self, call):
        """Have another thread run it: when this is back, it is inside."""
        self.outcomes = []
        self.runner = threading.Thread(target=lambda: self.outcomes.append(outcome_of(call)), name="runner")
        self.runner.start()
        assert self.inside.wait(LIMIT)

    def outcome(self):
        """What came of the call that occupies it."""
        join(self.runner)
        return self.outcomes.pop()


def outcome_of(call):
    """Its result, or the type of its exception."""
    try:
        return call()
    except Exception as error:
        return type(error)


@BOTH
def test_runs_once(runner):
    """Later calls get the result of the first."""
    runs = []
    run = runner(lambda: runs.append(1) or "made")
    assert run() == run() == "made"
    assert runs == [1]


@BOTH
def test_others_wait_for_the_result(runner):
    """Threads that come while it runs get the very same result."""
    gate = Gate(result=("made",))
    run = runner(gate)
    gate.occupy(run)
    waiters = [Waiter(run) for _ in range(3)]
    assert all(waiter.waited for waiter in waiters)
    gate.open.set()
    assert {id(waiter.end()) for waiter in waiters} == {id(run())}
    assert gate.outcome() is run()
    assert gate.runs == 1


@BOTH
def test_an_exception_lets_the_next_try(runner):
    """The caller gets it, and the next call runs the function again."""
    gate = Gate(fails=2)
    gate.open.set()
    run = runner(gate)
    for number in (1, 2):
        with pytest.raises(ConnectionError, match=f"run {number}"):
            run()
    assert run() == run() == "made"
    assert gate.runs == 3


@BOTH
def test_an_exception_wakes_one_that_waits(runner):
    """It is the next caller, and the others wait for it."""
    gate = Gate(fails=1)
    run = runner(gate)
    gate.occupy(run)
    waiters = [Waiter(run) for _ in range(3)]
    gate.open.set()
    assert [waiter.end() for waiter in waiters] == ["made"] * 3
    assert gate.outcome() is ConnectionError
    assert gate.runs == 2


@BOTH
def test_timeout(runner):
    """A wait that is limited ends with an error that names who is at it; the function goes on."""
    gate = Gate()
    run = runner(gate)
    gate.occupy(run)
    for timeout in (0, 0.01, -1):
        with pytest.raises(TimeoutError, match="has not returned in time: thread 'runner' is running it"):
            run(timeout=timeout)
    patient = Waiter(run, timeout=LIMIT)
    gate.open.set()
    assert patient.end() == "made"
    assert gate.outcome() == run(timeout=0) == "made"


@BOTH
def test_recursion(runner):
    """A function that asks for its own result would wait for itself: an error, and the next call tries again."""
    depth = []

    def function():
        depth.append(1)
        return run() if len(depth) == 1 else "made"

    run = runner(function)
    with pytest.raises(owned.LockOrderError, match="called it again from inside"):
        run()
    assert run() == "made"


@BOTH
def test_recursion_that_is_caught(runner):
    """Goes on, and is done."""

    def function():
        with pytest.raises(owned.LockOrderError):
            run(timeout=1)
        return "made"

    run = runner(function)
    assert run() == "made"


@BOTH
@needs_signals
def test_ctrl_c_ends_a_wait(runner):
    """A signal handler that raises; the function goes on, and its result is had later."""
    gate = Gate()
    run = runner(gate)
    gate.occupy(run)

    def interrupt(*_):
        raise InterruptedError

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(InterruptedError):
            run()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    gate.open.set()
    assert run() == gate.outcome() == "made"


@BOTH
def test_contradicting_orders_in_strict_mode(runner):
    """A lock is taken inside of it, and elsewhere it is called under the lock: a deadlock in waiting."""
    lock = owned.Lock()

    def function():
        with lock:
            return "made"

    with owned.strict():
        first, second = runner(function), runner(lambda: "other")
        first()
        fails = Gate(fails=1)
        fails.open.set()
        again = runner(lambda: (lock.acquire(), lock.release(), fails())[-1])
        with pytest.raises(ConnectionError):
            again()
        with lock:
            assert second() == "other"
            with pytest.raises(owned.LockOrderError):
                again()
        assert first() == "made"
        with lock:
            assert first() == "made"  # it has its result, and waits for nobody


@BOTH
def test_dies_in_a_cycle(runner):
    """The collector sees what it holds, before and after."""

    class Held:
        def __init__(self):
            self.run = runner(self.make)

        def make(self):
            return "made"

    for ask in (False, True):
        held = Held()
        assert not ask or held.run() == "made"
        gone = weakref.ref(held)
        del held
        gc.collect()
        assert gone() is None


@pytest.mark.parametrize("kind", [Once, lambda: Lazy(int)])
@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, pickle.dumps])
def test_is_not_copied(kind, copier):
    """A copy would run once more."""
    with pytest.raises(TypeError, match="cannot copy or pickle"):
        copier(kind())


def test_done_and_repr():
    """Its state can be seen, also from inside."""
    once = Once()
    seen = []
    assert (once.done, repr(once).split(", ")[1]) == (False, "not called yet>")
    once.call(lambda: seen.append((once.done, repr(once).split(", ")[1])))
    assert seen == [(False, "being called>")]
    assert (once.done, repr(once).split(", ")[1]) == (True, "done>")
    assert once.call(print, "never") is None


def test_arguments():
    """Positional ones go to the function; others are bound first."""
    assert Once().call(divmod, 7, 2) == (3, 1)
    assert Once().call(functools.partial(int, "11", base=2), timeout=None) == 3
    for call in (
        lambda: Once().call(),
        lambda: Once().call(5),
        lambda: Once().call(int, x=1),
        lambda: Once().call(int, timeout="soon"),
        lambda: Once(1),
        lambda: type("Sub", (Once,), {}),
    ):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize(("make", "error"), [(list, TypeError), (Node, owned.OwnershipError)])
def test_a_result_that_not_every_thread_may_have(make, error):
    """Is refused with the way out, and the next call tries again."""
    once = Once()
    with pytest.raises(error, match=r"Once.call\(\) takes what every thread may have, and the result is a"):
        once.call(make)
    assert not once.done
    shared = once.call(lambda: owned.share(Node()))
    assert once.call(make) is shared


def test_serves_many_threads():
    """Frozen and stored as they are."""
    pair = owned.freeze([Once(), Lazy(int)])
    assert [type(one) for one in pair] == [Once, Lazy]
    assert owned.is_frozen(pair)
    assert owned.AtomicRef(pair).get() is pair
