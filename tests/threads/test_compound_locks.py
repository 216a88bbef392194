# SPDX-License-Identifier: MIT
"""Compound locks under many threads, and across fork."""

import os
import random
import threading

import pytest

import owned
from crowd import crowd
from locks import LIMIT
from programs import run_program
from strictly import mode

BOTH = pytest.mark.parametrize("kind", [owned.Lock, owned.RLock])
ROUNDS = 300 * int(os.environ.get("OWNED_STRESS", "1"))
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@BOTH
@pytest.mark.parametrize("number", [2, 3], ids=["checked", "strict"])
def test_dining_philosophers(kind, number):
    """Five philosophers, each of whom takes `left + right`: all eat, whoever sits where."""
    forks = [kind() for _ in range(5)]
    plates = [owned.share(owned.List(), lock=fork) for fork in forks]
    meals = [0] * 5

    def dine(i):
        left, right = forks[i], forks[(i + 1) % 5]
        for _ in range(ROUNDS):
            with left + right:
                plates[i].append(i)
                plates[(i + 1) % 5].append(i)
                assert plates[i].pop() == plates[(i + 1) % 5].pop() == i
                meals[i] += 1

    with mode(number):
        crowd(5, dine)
    assert meals == [ROUNDS] * 5
    assert not owned.CompoundLock(*forks).locked()


def test_philosophers_who_take_one_fork_at_a_time():
    """The test above proves something: without `+` there is a deadlock, and here it is."""
    forks = [owned.Lock() for _ in range(5)]
    together = threading.Barrier(5)
    hungry = []

    def dine(i):
        with forks[i]:
            together.wait(LIMIT)
            hungry.append(forks[(i + 1) % 5].acquire(timeout=0.01))
            together.wait(LIMIT)

    crowd(5, dine)
    assert hungry == [False] * 5


def test_one_compound_lock_for_all():
    """One compound lock, used by all threads at once in every way: it knows of none of them."""
    a, b, c = (owned.Lock() for _ in range(3))
    both = a + b + c
    inside, count = owned.share(owned.List(), lock=b), 0

    def work(i):
        nonlocal count
        for n in range(ROUNDS):
            way = (i + n) % 3
            if way == 0:
                both.acquire()
            elif way == 1:
                while not both.acquire(False):
                    pass
            else:
                while not both.acquire(timeout=1e-4):
                    pass
            inside.append(i)
            assert list(inside) == [i]
            inside.clear()
            count += 1
            both.release()

    crowd(6, work)
    assert count == 6 * ROUNDS


@BOTH
def test_transfers(kind):
    """Money goes from account to account under both locks, drawn at random and written either way: none is lost."""
    locks = [kind() for _ in range(6)]
    accounts = [owned.share(owned.List([100]), lock=lock) for lock in locks]

    def work(i):
        draw = random.Random(i)
        for _ in range(ROUNDS):
            source, target, third = draw.sample(range(6), 3)
            with locks[source] + locks[target] + locks[third]:
                accounts[source][0] -= 1
                accounts[target][0] += 1

    crowd(4, work)
    with owned.CompoundLock(*locks):
        assert sum(account[0] for account in accounts) == 600


@needs_fork
def test_fork_in_a_storm():
    """Forks while other threads take and give back compound locks: every child gets by."""
    out = run_program(
        """
        import os, threading, owned
        a, b, stop = owned.Lock(), owned.Lock(), threading.Event()
        def storm():
            while not stop.is_set():
                with a + b:
                    pass
        threads = [threading.Thread(target=storm) for _ in range(3)]
        for thread in threads:
            thread.start()
        codes = []
        for _ in range(10):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    for lock in (a, b):
                        try:
                            lock.acquire(timeout=20)
                        except owned.OrphanedError:
                            owned.adopt(lock)
                    (a + b).release()
                    with a + b:
                        code = 0
                finally:
                    os._exit(code)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stop.set()
        for thread in threads:
            thread.join()
        print(codes == [0] * 10)
        """,
    )
    assert out == "True\n"
