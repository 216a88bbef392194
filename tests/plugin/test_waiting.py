# SPDX-License-Identifier: MIT
"""Waiting for threads: until they end, until all that are left wait for work, or until the time is up."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from owned._pytest_threads import wait_for

LONG = 60.0


@contextmanager
def running(target: Callable[[], object], stop: Callable[[], object]) -> Iterator[Callable[[], list[threading.Thread]]]:
    """A thread, as what tells which threads are alive; `stop` ends it."""
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    try:
        yield lambda: [thread] if thread.is_alive() else []
    finally:
        stop()
        thread.join(LONG)
        assert not thread.is_alive()


def test_nobody() -> None:
    """Nothing to wait for: no time is taken."""
    assert wait_for(list, LONG) > LONG - 1
    assert wait_for(lambda: [threading.current_thread()], LONG) > LONG - 1


def test_until_it_ends() -> None:
    """What a thread does at the very end of its waiting is done when the wait is over."""
    done = []
    timer = threading.Timer(0.1, done.append, [1])
    with running(timer.run, timer.cancel) as alive:
        assert wait_for(alive, LONG) > 0
        assert done == [1]
        assert alive() == []


def test_until_the_time_is_up() -> None:
    """A bare lock tells nobody what it is waited for: such a thread is waited for as long as it may be."""
    lock = threading.Lock()
    lock.acquire()
    with running(lambda: lock.acquire(), lock.release) as alive:
        assert wait_for(alive, 0.2) == 0.0
        assert len(alive()) == 1


@pytest.mark.parametrize("kind", ["event", "condition", "queue"])
def test_idle(kind: str) -> None:
    """Who waits without end for work is not waited for."""
    event, condition, jobs = threading.Event(), threading.Condition(), queue.Queue[None]()
    waits: dict[str, Callable[[], object]] = {"event": event.wait, "condition": condition.wait, "queue": jobs.get}

    def work() -> None:
        with condition:
            waits[kind]()

    def stop() -> None:
        event.set()
        jobs.put(None)
        if kind == "condition":
            with condition:
                condition.notify_all()

    with running(work, stop) as alive:
        assert wait_for(alive, LONG) > LONG / 2
        assert len(alive()) == 1


def test_idle_workers() -> None:
    """Nor are workers of a pool that have nothing to do."""
    with ThreadPoolExecutor(2) as pool:
        barrier = threading.Barrier(2)
        for future in [pool.submit(barrier.wait) for _ in range(2)]:
            future.result()
        workers = list(pool._threads)
        assert len(workers) == 2
        assert wait_for(lambda: workers, LONG) > LONG / 2


def test_a_wait_with_a_timeout_goes_on() -> None:
    """It ends on its own, and what comes then is waited for."""
    done = []
    with running(lambda: (threading.Event().wait(0.15), done.append(1)), lambda: None) as alive:
        wait_for(alive, LONG)
        assert done == [1]


def test_work_for_an_idle_thread() -> None:
    """While one that is not idle may still give it work, the idle one is waited for."""
    jobs, done = queue.Queue[int](), []
    with running(lambda: done.append(jobs.get()), lambda: jobs.put(0)) as idle:
        timer = threading.Timer(0.15, jobs.put, [7])
        timer.start()
        wait_for(lambda: idle() + ([timer] if timer.is_alive() else []), LONG)
        assert done == [7]
