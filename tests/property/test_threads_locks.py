# SPDX-License-Identifier: MIT
"""Our locks on several threads against a model of who holds what, under schedules that hypothesis draws."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

import owned
from owned import _core
from owned.testing import ThreadedStateMachine, step

QUICK = settings(
    ThreadedStateMachine.TestCase.settings,
    max_examples=25 * int(os.environ.get("OWNED_STRESS", "1")),
    stateful_step_count=6,
)


class LockModel:
    """A lock as a number and a depth."""

    recursive = False

    def __init__(self) -> None:
        self.holder: int | None = None
        self.depth = 0

    def acquire(self, thread: int) -> bool:
        if self.holder is not None and not (self.recursive and self.holder == thread):
            return False
        self.holder = thread
        self.depth += 1
        return True

    def release(self, thread: int) -> bool:
        if self.holder != thread:
            return False
        self.depth -= 1
        if self.depth == 0:
            self.holder = None
        return True

    def holds(self, thread: int) -> bool:
        return self.holder == thread

    def outcome(self) -> bool:
        return self.holder is not None


class RLockModel(LockModel):
    recursive = True


class LockMachine(ThreadedStateMachine):
    """Threads take and release one lock in every way that does not wait, and may hold it between steps and rounds."""

    threads = 3
    steps_per_thread = 2
    model = LockModel
    kind: Any = owned.Lock

    def __init__(self) -> None:
        super().__init__()
        self.lock = self.kind()

    @step()
    def acquire(self, thread: int) -> bool:
        return self.lock.acquire(blocking=False)

    @step()
    def release(self, thread: int) -> bool:
        if not self.lock._is_owned():
            return False
        self.lock.release()
        return True

    @step()
    def holds(self, thread: int) -> bool:
        return self.lock._is_owned()

    def outcome(self) -> bool:
        return self.lock.locked()


class RLockMachine(LockMachine):
    kind = owned.RLock
    model = RLockModel


class RWLockModel:
    """How often each thread holds each side. Who waits is not in it: its steps wait for nobody."""

    def __init__(self) -> None:
        self.reads: dict[int, int] = {}
        self.writer: int | None = None
        self.writes = 0

    def read(self, thread: int) -> bool:
        if self.writer not in (None, thread):
            return False
        self.reads[thread] = self.reads.get(thread, 0) + 1
        return True

    def write(self, thread: int) -> bool:
        if self.writer != thread and (self.writer is not None or any(self.reads.values())):
            return False
        self.writer = thread
        self.writes += 1
        return True

    def stop_reading(self, thread: int) -> bool:
        if not self.reads.get(thread):
            return False
        self.reads[thread] -= 1
        return True

    def stop_writing(self, thread: int) -> bool:
        if self.writer != thread:
            return False
        self.writes -= 1
        if not self.writes:
            self.writer = None
        return True

    def look(self, thread: int) -> bool:
        return self.writer == thread or bool(self.reads.get(thread))

    def outcome(self) -> tuple[bool, bool]:
        return self.writer is not None, self.writer is not None or any(self.reads.values())


class RWLockMachine(ThreadedStateMachine):
    """Threads take and release both sides in every way that does not wait, and may hold them between steps."""

    threads = 3
    steps_per_thread = 2
    model = RWLockModel

    def __init__(self) -> None:
        super().__init__()
        self.lock = owned.RWLock()
        self.items = owned.share(owned.List([1]), lock=self.lock)

    @step()
    def read(self, thread: int) -> bool:
        return self.lock.read.acquire(blocking=False)

    @step()
    def write(self, thread: int) -> bool:
        if self.lock.read._recursion_count() and not self.lock._is_owned():  # it would be a LockOrderError
            return False
        return self.lock.acquire(blocking=False)

    @step()
    def stop_reading(self, thread: int) -> bool:
        if not self.lock.read._recursion_count():
            return False
        self.lock.read.release()
        return True

    @step()
    def stop_writing(self, thread: int) -> bool:
        if not self.lock._is_owned():
            return False
        self.items.append(thread)
        assert self.items.pop() == thread
        self.lock.release()
        return True

    @step()
    def look(self, thread: int) -> bool:
        return _core.may_look(self.items) and self.items == [1]

    def outcome(self) -> tuple[bool, bool]:
        return self.lock.read.locked(), self.lock.locked()


@pytest.mark.parametrize("machine", [LockMachine, RLockMachine, RWLockMachine])
def test_against_model(machine):
    """Whatever the schedule, what the threads see of the lock is what the model says for some order of their calls."""
    run_state_machine_as_test(machine, settings=QUICK)


@pytest.mark.parametrize("kind", [owned.Lock, owned.RLock])
def test_waiting(kind):
    """Threads that wait for the lock all get it, one at a time, wherever its holder is stopped."""

    class Waiting(ThreadedStateMachine):
        threads = 3
        steps_per_thread = 1

        def __init__(self) -> None:
            super().__init__()
            self.lock = kind()
            self.inside = owned.share(owned.List(), lock=self.lock)

        @step()
        def enter(self, thread: int) -> None:
            with self.lock:
                self.inside.append(thread)
                assert list(self.inside) == [thread]
                self.inside.clear()

        @step()
        def enter_in_time(self, thread: int) -> bool:
            if not self.lock.acquire(timeout=30):
                return False
            self.inside.append(thread)
            assert self.inside.pop() == thread
            self.lock.release()
            return True

    run_state_machine_as_test(Waiting, settings=QUICK)


def test_waiting_for_sides():
    """Readers and writers that wait all get in, writers alone, wherever those inside are stopped."""

    class Waiting(ThreadedStateMachine):
        threads = 3
        steps_per_thread = 1

        def __init__(self) -> None:
            super().__init__()
            self.lock = owned.RWLock()
            self.pair = owned.share(owned.List([0, 0]), lock=self.lock)

        @step()
        def write(self, thread: int) -> None:
            with self.lock:
                self.pair[0] += 1
                self.pair[1] += 1

        @step()
        def read(self, thread: int) -> bool:
            with self.lock.read:
                return self.pair[0] == self.pair[1]

        @step()
        def write_in_time(self, thread: int) -> None:
            assert self.lock.write.acquire(timeout=30)
            self.pair[0] += 1
            with self.lock.read:
                self.pair[1] += 1
            self.lock.release()

        def outcome(self) -> bool:
            with self.lock.read:
                return self.pair[0] == self.pair[1]

    run_state_machine_as_test(Waiting, settings=QUICK)


def test_wrong_model():
    """The comparison can fail: a lock that its model says is free all the time."""

    class Free(LockModel):
        def acquire(self, thread: int) -> bool:
            return True

    machine = type("Wrong", (LockMachine,), {"model": Free})
    with pytest.raises(AssertionError, match="No order of the steps"):
        run_state_machine_as_test(machine, settings=settings(QUICK, database=None, max_examples=100))
