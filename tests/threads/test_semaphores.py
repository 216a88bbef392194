# SPDX-License-Identifier: MIT
"""Semaphores under many threads and across fork."""

import os
import threading

import pytest

import owned
from crowd import crowd
from locks import LIMIT
from programs import run_program

BOTH = pytest.mark.parametrize("kind", [owned.Semaphore, owned.BoundedSemaphore])
ROUNDS = 500 * int(os.environ.get("OWNED_STRESS", "1"))
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@BOTH
def test_never_more_inside_than_permits(kind):
    """Eight threads, three permits, every way to take one: never a fourth inside, and three at once did happen."""
    semaphore, inside, most = kind(3), [], 0
    together = threading.Barrier(3)

    def work(i):
        nonlocal most
        if i < 3:
            with semaphore:
                together.wait(LIMIT)  # proves that three are let in at once
        for n in range(ROUNDS):
            way = (i + n) % 3
            if way == 0:
                semaphore.acquire()
            elif way == 1:
                while not semaphore.acquire(False):
                    pass
            else:
                while not semaphore.acquire(timeout=1e-5 * (n % 5)):
                    pass
            inside.append(i)
            most = max(most, len(inside))
            inside.remove(i)
            semaphore.release()

    crowd(8, work)
    assert 1 <= most <= 3
    assert [semaphore.acquire(False) for _ in range(4)] == [True, True, True, False]


def test_signals_are_counted():
    """Each of the releases of some threads lets exactly one acquire of others through."""
    semaphore, got = owned.Semaphore(0), []

    def work(i):
        if i % 2:
            for n in range(ROUNDS):
                semaphore.release(1 + n % 2)
        else:
            for _ in range(ROUNDS + ROUNDS // 2):
                got.append(semaphore.acquire(timeout=LIMIT))

    crowd(6, work)
    assert got == [True] * 3 * (ROUNDS + ROUNDS // 2)
    assert semaphore.acquire(False) is False
    assert "value=0" in repr(semaphore)


def test_books_are_right():
    """What is free and what threads have add up at all times, as any thread can tell from repr()."""
    semaphore = owned.BoundedSemaphore(4)
    wrong = []

    def work(i):
        for n in range(ROUNDS // 5):
            count = 1 + (i + n) % 2
            for _ in range(count):
                semaphore.acquire()
            text = repr(semaphore)
            if f"'crowd-{i}' ({count})" not in text:
                wrong.append(text)
            semaphore.release(count)

    crowd(2, work)
    assert wrong == []
    assert repr(semaphore).endswith("value=4/4>") and "taken" not in repr(semaphore)


@needs_fork
def test_fork():
    """In the child, permits of threads that stayed behind are orphaned, and nobody waits; the parent goes on."""
    out = run_program(
        """
        import os, threading, owned
        bounded, plain = owned.BoundedSemaphore(2), owned.Semaphore(0)
        enough = threading.Event()
        taken = threading.Barrier(3)
        def take():
            with bounded:
                taken.wait(30)
                enough.wait(30)
        takers = [threading.Thread(target=take, name=f"taker-{i}") for i in range(2)]
        waiters = [threading.Thread(target=semaphore.acquire) for semaphore in (bounded, plain)]
        for thread in takers:
            thread.start()
        taken.wait(30)
        for thread in waiters:
            thread.start()
        while "waiting" not in repr(bounded) or "waiting" not in repr(plain):
            pass
        child = os.fork()
        if child == 0:
            code = 1
            try:
                assert "waiting" not in repr(bounded) + repr(plain)
                try:
                    bounded.acquire()
                except owned.OrphanedError as error:
                    assert "taker-0" in str(error), error
                owned.adopt(bounded)
                bounded.release(2)
                with bounded:
                    plain.release()
                    assert plain.acquire(timeout=20)
                    code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        plain.release()
        enough.set()
        for thread in takers + waiters:
            thread.join(30)
        print(repr(plain).partition("taken by")[1], bounded.locked())
        """
    )
    assert out == "taken by False\n"
