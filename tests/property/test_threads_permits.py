# SPDX-License-Identifier: MIT
"""Semaphores, compound locks and conditions on several threads against models, under schedules that are drawn."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

import owned
from owned.testing import Deadlock, ThreadedStateMachine, step

QUICK = settings(
    ThreadedStateMachine.TestCase.settings,
    max_examples=12 * int(os.environ.get("OWNED_STRESS", "1")),
    stateful_step_count=5,
)


class SemaphoreModel:
    """A number of free permits, and who has taken how many."""

    bounded = False

    def __init__(self) -> None:
        self.free = 2
        self.taken: dict[int, int] = {}

    def acquire(self, thread: int) -> bool:
        if self.free == 0:
            return False
        self.free -= 1
        self.taken[thread] = self.taken.get(thread, 0) + 1
        return True

    def release(self, thread: int, n: int) -> bool:
        if self.bounded and self.taken.get(thread, 0) < n:
            return False
        self.free += n
        self.taken[thread] = self.taken.get(thread, 0) - n
        return True

    def locked(self, thread: int) -> bool:
        return self.free == 0

    def outcome(self) -> tuple[int, dict[str, int]]:
        taken = {f"thread-{thread}": n for thread, n in self.taken.items() if n} if self.bounded else {}
        return self.free, taken


class BoundedModel(SemaphoreModel):
    bounded = True


class SemaphoreMachine(ThreadedStateMachine):
    """Threads take permits and give them back in every way that does not wait."""

    threads = 3
    steps_per_thread = 2
    model = SemaphoreModel
    kind: Any = owned.Semaphore

    def __init__(self) -> None:
        super().__init__()
        self.semaphore = self.kind(2)

    @step()
    def acquire(self, thread: int) -> bool:
        return self.semaphore.acquire(False)

    @step(n=st.integers(1, 2))
    def release(self, thread: int, n: int) -> bool:
        if self.model.bounded and self.taken().get(f"thread-{thread}", 0) < n:
            return False
        self.semaphore.release(n)
        return True

    @step()
    def locked(self, thread: int) -> bool:
        return self.semaphore.locked()

    def outcome(self) -> tuple[int, dict[str, int]]:
        taken = self.taken() if self.model.bounded else {}
        return int(re.search(r"value=(\d+)", repr(self.semaphore))[1]), taken

    def taken(self) -> dict[str, int]:
        return {name: int(n) for name, n in re.findall(r"'(thread-\d)' \((\d+)\)", repr(self.semaphore))}


class BoundedMachine(SemaphoreMachine):
    model = BoundedModel
    kind = owned.BoundedSemaphore


class CompoundModel:
    """Three locks, each with its holder."""

    def __init__(self) -> None:
        self.holders: list[int | None] = [None] * 3

    def acquire(self, thread: int, which: list[int]) -> bool:
        if any(self.holders[i] is not None for i in which):
            return False
        for i in which:
            self.holders[i] = thread
        return True

    def release(self, thread: int, which: list[int]) -> bool:
        if any(self.holders[i] != thread for i in which):
            return False
        for i in which:
            self.holders[i] = None
        return True

    def locked(self, thread: int, which: list[int]) -> bool:
        return any(self.holders[i] is not None for i in which)

    def outcome(self) -> list[str | None]:
        return [None if holder is None else f"thread-{holder}" for holder in self.holders]


SOME = st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True)


class CompoundMachine(ThreadedStateMachine):
    """Threads take and give back some of three locks together, written in any order."""

    threads = 2
    steps_per_thread = 2
    model = CompoundModel

    def __init__(self) -> None:
        super().__init__()
        self.locks = [owned.Lock() for _ in range(3)]

    def some(self, which: list[int]) -> owned.CompoundLock:
        return owned.CompoundLock(*(self.locks[i] for i in which))

    @step(which=SOME)
    def acquire(self, thread: int, which: list[int]) -> bool:
        return self.some(which).acquire(blocking=False)

    @step(which=SOME)
    def release(self, thread: int, which: list[int]) -> bool:
        if not self.some(which)._is_owned():
            return False
        self.some(which).release()
        return True

    @step(which=SOME)
    def locked(self, thread: int, which: list[int]) -> bool:
        return self.some(which).locked()

    def outcome(self) -> list[str | None]:
        found = [re.search(r"owner='(thread-\d)'", repr(lock)) for lock in self.locks]
        return [None if owner is None else owner[1] for owner in found]


def run(machine: Any, **options: Any) -> None:
    run_state_machine_as_test(machine, settings=settings(QUICK, **options))


@pytest.mark.parametrize("machine", [SemaphoreMachine, BoundedMachine])
def test_permits(machine):
    """Whatever the schedule, what the threads see is what the model says for some order of their calls."""
    run(machine)


def test_compound_locks_one_at_a_time():
    """On one thread at a time, so that each call is whole: the model tells every answer."""

    class Alone(CompoundMachine):
        threads = 1
        steps_per_thread = 6

    run(Alone)


def test_wrong_model():
    """The comparison can fail: a model that never runs out of permits."""

    class Endless(SemaphoreModel):
        def acquire(self, thread: int) -> bool:
            return True

    with pytest.raises(AssertionError, match="No order of the steps"):
        run(type("Wrong", (SemaphoreMachine,), {"model": Endless}), database=None, max_examples=100)


def test_waiting_for_permits_and_compound_locks():
    """Threads that wait get what they wait for, wherever the others are stopped; no order of locks is a deadlock."""

    class Waiting(ThreadedStateMachine):
        threads = 3
        steps_per_thread = 1

        def __init__(self) -> None:
            super().__init__()
            self.locks = [owned.Lock() for _ in range(3)]
            self.inside = [owned.share(owned.List(), lock=lock) for lock in self.locks]
            self.semaphore = owned.BoundedSemaphore(2)
            self.permits = 2

        @step(which=SOME)
        def enter(self, thread: int, which: list[int]) -> None:
            with owned.CompoundLock(*(self.locks[i] for i in which)):
                for i in which:
                    self.inside[i].append(thread)
                for i in which:
                    assert list(self.inside[i]) == [thread]
                    self.inside[i].clear()

        @step()
        def permit(self, thread: int) -> None:
            with self.semaphore:
                self.permits -= 1
                assert self.permits >= 0
                self.permits += 1

    run(Waiting)


class Meeting(ThreadedStateMachine):
    """Who comes first waits for a moment; who finds somebody waiting gives them something, and says so."""

    threads = 2
    steps_per_thread = 1
    timeout: float | None = 1e-4
    woken = 0

    def __init__(self) -> None:
        super().__init__()
        self.condition = owned.Condition()
        self.table = owned.share(owned.List(), lock=self.condition)
        self.waits = False

    @step()
    def meet(self, thread: int) -> None:
        with self.condition:
            if self.waits:
                self.waits = False
                self.table.append(thread)
                self.condition.notify()
                return
            self.waits = True
            if self.condition.wait(self.timeout):
                Meeting.woken += 1
                assert self.table, "woken for nothing"
            self.waits = False
            self.table.clear()


def test_waiting_to_be_notified():
    """A wait for a condition is directed: it ends with the notify, on every schedule, and a lost one is a Deadlock."""
    run(Meeting)
    assert Meeting.woken > 0
    with pytest.raises(Deadlock, match=r"waits for <Condition at .*> to be notified"):
        run(type("Lonely", (Meeting,), {"timeout": None}), database=None, max_examples=20, report_multiple_bugs=False)
