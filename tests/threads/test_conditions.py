# SPDX-License-Identifier: MIT
"""Condition under many threads, across fork, and at the end of the interpreter."""

import os
import threading

import pytest

import owned
from crowd import crowd
from locks import LIMIT, join
from programs import run_program

BOTH = pytest.mark.parametrize("kind", [owned.Lock, owned.RLock])
ROUNDS = 300 * int(os.environ.get("OWNED_STRESS", "1"))
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@BOTH
def test_queue(kind):
    """Four threads fill a bounded queue, four empty it: every item comes out once, and both sides had to wait."""
    lock = kind()
    items = owned.share(owned.List(), lock=lock)
    not_empty, not_full = owned.Condition(lock), owned.Condition(lock)
    got, waits = [], {"put": 0, "get": 0}

    def put(i):
        for n in range(ROUNDS):
            with lock:
                while len(items) == 3:
                    waits["put"] += 1
                    assert not_full.wait(LIMIT)
                items.append((i, n))
                not_empty.notify()

    def get():
        for _ in range(ROUNDS):
            with not_empty:
                while not items:
                    waits["get"] += 1
                    assert not_empty.wait(LIMIT)
                got.append(items.pop(0))
                not_full.notify()

    crowd(8, lambda i: put(i) if i < 4 else get())
    assert sorted(got) == [(i, n) for i in range(4) for n in range(ROUNDS)]
    assert waits["put"] and waits["get"]


@BOTH
def test_no_notification_is_lost(kind):
    """One thread waits a very short time and another one after it for long; then there is one notify(), just when the
    first one's time is up or nearly so. Either the first says that it was notified, or the second wakes up.
    """
    outcomes = set()
    for n in range(ROUNDS // 5):
        condition = owned.Condition(kind())
        short = (0, 1e-4, 2e-4, 3e-4, 4e-4, 6e-4, 1e-3, LIMIT)[n % 8]
        results = {}

        def wait(name, timeout, condition=condition, results=results, entered=None):
            with condition:
                entered.set()
                results[name] = condition.wait(timeout)

        threads = []
        for name, timeout in (("first", short), ("second", LIMIT)):
            entered = threading.Event()
            threads.append(threading.Thread(target=wait, args=(name, timeout), kwargs={"entered": entered}))
            threads[-1].start()
            assert entered.wait(LIMIT)
        with condition:
            condition.notify()
        join(threads[0])
        if results["first"]:
            with condition:
                condition.notify()
        join(threads[1])
        assert results["second"] is True
        outcomes.add(results["first"])
    assert outcomes == {True, False}


@BOTH
def test_relay(kind):
    """A token goes round among threads by notify alone: one lost notification would stop it for good."""
    condition = owned.Condition(kind())
    turn = 0

    def run(i):
        nonlocal turn
        for _ in range(ROUNDS // 3):
            with condition:
                assert condition.wait_for(lambda: turn % 4 == i, LIMIT)  # noqa: B023
                turn += 1
                condition.notify_all()

    crowd(4, run)
    assert turn == ROUNDS // 3 * 4


def test_event_and_barrier():
    """Those of threading work on conditions of ours."""
    barrier, event = threading.Barrier(4), threading.Event()
    barrier._cond, event._cond = owned.Condition(owned.Lock()), owned.Condition(owned.Lock())
    firsts = []

    def work(i):
        for _ in range(ROUNDS // 10):
            firsts.append(barrier.wait(LIMIT))
        event.set() if i == 0 else event.wait(LIMIT)

    crowd(4, work)
    assert sorted(firsts) == sorted([0, 1, 2, 3] * (ROUNDS // 10))


@needs_fork
def test_fork_while_others_wait():
    """In the child nobody waits: a notify reaches those who have come since. In the parent nothing has changed."""
    out = run_program(
        """
        import os, threading, owned
        condition = owned.Condition()
        woken = []
        def wait():
            with condition:
                woken.append(condition.wait(30))
        waiters = [threading.Thread(target=wait) for _ in range(3)]
        for waiter in waiters:
            waiter.start()
        while not repr(condition).endswith(", 3)>"):
            pass
        child = os.fork()
        if child == 0:
            code = 1
            try:
                assert repr(condition).endswith(", 0)>"), condition
                own = threading.Thread(target=wait)
                own.start()
                while not repr(condition).endswith(", 1)>"):
                    pass
                with condition:
                    condition.notify()
                own.join(20)
                assert woken == [True]
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with condition:
            condition.notify_all()
        for waiter in waiters:
            waiter.join()
        print(woken)
        """
    )
    assert out == "[True, True, True]\n"


@needs_fork
def test_fork_in_a_signal_handler_during_a_wait():
    """A thread that forks while it waits goes on waiting in both processes."""
    out = run_program(
        """
        import os, signal, threading, owned
        condition = owned.Condition()
        children = []
        def handler(*_):
            children.append(os.fork())
            threading.Thread(target=notify).start()
        def notify():
            while not repr(condition).endswith(", 1)>"):
                pass
            with condition:
                condition.notify()
        signal.signal(signal.SIGALRM, handler)
        with condition:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            woken = condition.wait(30)
            assert condition._is_owned()
        if children == [0]:
            os._exit(0 if woken else 1)
        print(woken, os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]))
        """
    )
    assert out == "True 0\n"


def test_shutdown_with_daemon_threads():
    """The interpreter ends in peace while daemon threads wait for conditions, semaphores and compound locks."""
    out = run_program(
        """
        import threading, owned
        condition, semaphore, bounded = owned.Condition(), owned.Semaphore(0), owned.BoundedSemaphore()
        both = owned.Lock() + owned.RLock()
        bounded.acquire()
        both.acquire()
        def wait():
            with condition:
                condition.wait()
        for target in (wait, wait, semaphore.acquire, semaphore.acquire, bounded.acquire, both.acquire):
            threading.Thread(target=target, daemon=True).start()
        while not (", 2)>" in repr(condition) and "2 waiting" in repr(semaphore) and "waiting" in repr(bounded)):
            pass
        print("end")
        """
    )
    assert out == "end\n"


def test_thread_that_waits_owns_nothing_meanwhile():
    """The objects of a thread that waits are another's as soon as it has the lock, and its own again afterwards."""
    condition = owned.Condition()
    items = owned.share(owned.List(), lock=condition)
    seen = []

    def wait():
        with condition:
            items.append("waiter")
            assert condition.wait_for(lambda: len(items) == 2, LIMIT)
            seen.extend(items)

    thread = threading.Thread(target=wait)
    thread.start()
    end = False
    while not end:
        with condition:
            if list(items) == ["waiter"]:
                items.append("other")
                condition.notify()
                end = True
    join(thread)
    assert seen == ["waiter", "other"]
