# SPDX-License-Identifier: MIT
"""Synchronized methods exclude one another on real threads."""

import threading

import pytest

import owned

THREADS = 4
ROUNDS = 500


@owned.owned
class Counter:
    def __init__(self):
        self.value = 0
        self.inside = 0
        self.most = 0

    @owned.synchronized
    def count(self):
        self.inside += 1
        self.most = max(self.most, self.inside)
        value = self.value
        for _ in range(3):  # room for a switch
            value = value + 0
        self.value = value + 1
        self.inside -= 1

    @owned.synchronized
    def steps(self):
        for _ in range(ROUNDS):
            self.count()
            yield

    @owned.reads
    def seen(self):
        return self.value, self.most


@owned.owned(monitor=True)
class Monitor:
    def __init__(self):
        self.value = 0

    def count(self):
        self.value += 1

    @property
    def now(self):
        return self.value

    @now.setter
    def now(self, value):
        self.value = value


def together(work, threads=THREADS):
    """Run ``work`` on several threads that start at once; every one of them must end well."""
    barrier = threading.Barrier(threads)
    failures = []

    def run():
        try:
            barrier.wait(30)
            work()
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert not worker.is_alive()
    assert failures == []


@pytest.mark.parametrize("make", [owned.RLock, owned.Lock, threading.RLock])
def test_calls_exclude_one_another(make):
    """No count is lost, and never are two threads inside."""
    counter = owned.share(Counter(), lock=make())

    def work():
        for _ in range(ROUNDS):
            counter.count()

    together(work)
    assert counter.seen() == (THREADS * ROUNDS, 1)


def test_generators_exclude_one_another():
    """Generators on several threads take turns step by step."""
    counter = owned.share(Counter())

    def work():
        for _ in counter.steps():
            pass

    together(work)
    assert counter.seen() == (THREADS * ROUNDS, 1)


def test_monitor():
    """A monitor's methods exclude one another without a lock in sight."""
    monitor = Monitor()

    def work():
        for _ in range(ROUNDS):
            monitor.count()

    together(work)
    assert monitor.now == THREADS * ROUNDS


def test_a_call_waits_for_the_lock():
    """A call on a second thread begins when the first one gives the lock back, and not before."""
    monitor = Monitor()
    order = []
    started = threading.Event()

    def other():
        started.set()
        monitor.count()
        order.append("call")

    thread = threading.Thread(target=other)
    with owned.locked(monitor):
        thread.start()
        assert started.wait(30)
        thread.join(0.05)
        assert thread.is_alive()
        order.append("block")
    thread.join(30)
    assert order == ["block", "call"]


def test_shared_between_fetch_and_call():
    """Methods that were fetched from a private object exclude one another once it is shared."""
    counter = Counter()
    count = counter.count
    owned.share(counter)

    def work():
        for _ in range(ROUNDS):
            count()

    together(work)
    assert counter.seen() == (THREADS * ROUNDS, 1)


def test_moved_while_waiting():
    """A call that waited for a lock looks again at what guards the object, and finds that it is frozen by now."""
    counter = owned.share(Counter())
    started = threading.Event()
    outcome = []

    def other():
        started.set()
        try:
            counter.count()
        except owned.OwnershipError as error:
            outcome.append(type(error))

    thread = threading.Thread(target=other)
    with owned.locked(counter):
        thread.start()
        assert started.wait(30)
        owned.freeze(counter)
    thread.join(30)
    assert outcome == [owned.FrozenError]
