# SPDX-License-Identifier: MIT
"""Strict mode's lock orders under many threads: a deadlock becomes an error, and right orders are left alone."""

from __future__ import annotations

import itertools
import os
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import owned
from crowd import crowd
from locks import LIMIT, join
from owned import _core, _lock_order
from programs import run_program

BOTH = pytest.mark.parametrize("kind", [owned.Lock, owned.RLock])


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    """Strict mode for the test."""
    before = _core.get_mode()
    _core.set_mode(3)
    yield
    _core.set_mode(before)


@BOTH
@pytest.mark.parametrize("count", [2, 5])
def test_a_ring(kind: Any, count: int) -> None:
    """Philosophers who all hold one fork and want the next: whoever comes last is refused, and so the others eat."""
    forks = [kind() for _ in range(count)]
    all_hold_one = threading.Barrier(count)
    ate: list[int] = []
    refused: list[owned.LockOrderError] = []

    def dine(i: int) -> None:
        with forks[i]:
            all_hold_one.wait(LIMIT)
            try:
                with forks[(i + 1) % count]:
                    ate.append(i)
            except owned.LockOrderError as error:
                refused.append(error)

    crowd(count, dine)
    [error] = refused
    assert len(ate) == count - 1
    assert error.toucher not in {f"crowd-{i}" for i in ate}
    others = {record.thread for record in error.life} - {error.toucher}
    assert others == {f"crowd-{i}" for i in ate}
    assert not any(fork.locked() for fork in forks)


@BOTH
def test_right_orders_are_left_alone(kind: Any) -> None:
    """Eight threads that take random locks in one order, overlapping: nothing is refused and nothing is lost."""
    locks = [kind() for _ in range(6)]
    shared = [owned.share(owned.List([0]), lock=lock) for lock in locks]
    taken = [[0] * 6 for _ in range(8)]

    def work(i: int) -> None:
        rng = random.Random(i)
        for _ in range(150):
            chosen = sorted(rng.sample(range(6), rng.randint(1, 4)))
            with ExitStack() as stack:
                for n in chosen:
                    stack.enter_context(locks[n])
                for n in chosen:
                    shared[n][0] += 1
                    taken[i][n] += 1

    crowd(8, work)
    for n, lock in enumerate(locks):
        with lock:
            assert shared[n][0] == sum(counts[n] for counts in taken)


@BOTH
def test_any_orders(kind: Any) -> None:
    """Eight threads that take random locks in any order: refusals, no deadlock, and a graph without a cycle."""
    locks = [kind() for _ in range(5)]
    refusals = [0] * 8

    def work(i: int) -> None:
        rng = random.Random(i)
        for _ in range(40):
            try:
                with ExitStack() as stack:
                    for lock in rng.sample(locks, 3):
                        stack.enter_context(lock)
            except owned.LockOrderError:
                refusals[i] += 1

    crowd(8, work)
    assert sum(refusals) > 0
    assert not any(lock.locked() for lock in locks)
    numbers = {_core.lock_ordinal(lock) for lock in locks}
    edges = {(a, b) for a, b in _lock_order.orders() if a in numbers and b in numbers}
    while numbers:  # what nothing leads to can be taken away, until nothing is left
        first = {number for number in numbers if not any(b == number for _, b in edges)}
        assert first, "a cycle"
        numbers -= first
        edges = {(a, b) for a, b in edges if a in numbers}


def test_locks_that_come_and_go() -> None:
    """Eight threads whose own locks live shortly, between two that all share: only these two stay."""
    top, bottom = owned.Lock(), owned.RLock()

    def work(i: int) -> None:
        for _ in range(100):
            with top, owned.Lock() as _one, bottom, owned.RLock() as _two:
                pass

    crowd(8, work)
    numbers = {_core.lock_ordinal(top), _core.lock_ordinal(bottom)}
    assert {edge for edge in _lock_order.orders() if numbers & set(edge)} == {
        (_core.lock_ordinal(top), _core.lock_ordinal(bottom))
    }


def test_switched_meanwhile() -> None:
    """The mode changes while other threads take and give back locks: their lists come out even."""
    a, b = owned.Lock(), owned.RLock()
    stop = threading.Event()
    rounds = [0] * 4

    def work(i: int) -> None:
        if i == 4:
            for _ in range(200):
                _core.set_mode(2)
                _core.set_mode(3)
            while not all(rounds):
                threading.Event().wait(0.001)
            stop.set()
            return
        while not stop.is_set():
            with a, b, b:
                rounds[i] += 1

    crowd(5, work)
    assert all(rounds)
    in_a_row: list[bool] = []

    def check() -> None:
        with a, b:
            in_a_row.append(True)

    thread = threading.Thread(target=check)
    thread.start()
    join(thread)
    assert in_a_row == [True]
    with pytest.raises(owned.LockOrderError):
        with b, a:
            pass


def test_holds_do_not_overlap() -> None:
    """The timeline of a lock that four threads take: one hold after the other, each by the thread that had it."""
    lock = owned.Lock()
    _core.record_holds(4000)
    try:
        expected: list[int] = []

        def work(i: int) -> None:
            for _ in range(200):
                with lock:
                    expected.append(_core.thread_id())

        crowd(4, work)
        holds = [hold for hold in _core.lock_holds() if hold[0] == _core.lock_ordinal(lock)]
    finally:
        _core.record_holds(0)
    assert len(holds) == len(expected) == 800
    assert sorted(hold[3] for hold in holds) == sorted(expected)
    holds.sort(key=lambda hold: hold[5:])
    for before, after in itertools.pairwise(holds):
        assert before[6] is not None
        assert before[6] <= after[5]


def test_recording_while_others_work() -> None:
    """Holds are listed, and the ring is made anew, while other threads fill it."""
    locks = [owned.Lock(), owned.RLock()]

    def work(i: int) -> None:
        for n in range(150):
            if i == 0:
                _core.record_holds(n % 7)
            for hold in _core.lock_holds() if i == 1 else ():
                assert hold[1] in ("Lock", "RLock")
            with locks[0], locks[1]:
                pass

    try:
        crowd(4, work)
    finally:
        _core.record_holds(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork_keeps_the_list() -> None:
    """The child knows the orders of its parent and what its one thread holds; what others hold is not on its list."""
    out = run_program(
        """
        import os, threading, owned
        from owned import _core
        _core.set_mode(3)
        a, b, c, d = owned.Lock(), owned.Lock(), owned.Lock(), owned.RLock()
        with a, b:
            pass
        taken, enough = threading.Event(), threading.Event()
        def hold():
            with d:
                taken.set()
                enough.wait(30)
        holder = threading.Thread(target=hold, name="holder")
        holder.start()
        taken.wait(30)
        def refused(first, second):
            try:
                with first, second:
                    return False
            except owned.LockOrderError:
                return True
        with b:
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    a_after_b = False
                    try:
                        a.acquire()
                    except owned.LockOrderError:
                        a_after_b = True
                    with c:
                        pass
                    assert a_after_b and refused(c, b) is True
                    b.release()
                    assert refused(b, a) and refused(c, b) and not refused(a, c)
                    owned.adopt(d)
                    with a:
                        pass
                    d.release()
                    assert refused(a, d)
                    b.acquire()
                    b._at_fork_reinit()
                    with a:
                        pass
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        enough.set()
        holder.join()
        assert not refused(c, a) and not refused(d, a), "what the child learnt stays there"
        print("fine")
        """
    )
    assert out == "fine\n"
