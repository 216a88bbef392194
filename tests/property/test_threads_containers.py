# SPDX-License-Identifier: MIT
"""List, Dict and Set on several threads, under schedules that hypothesis draws: right use never fails."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

import owned
from owned.testing import ImpossibleOutcome, ThreadedStateMachine, ViolationFound, step

QUICK = settings(
    ThreadedStateMachine.TestCase.settings,
    max_examples=15 * int(os.environ.get("OWNED_STRESS", "1")),
    stateful_step_count=4,
)
HUNT = settings(
    QUICK,
    max_examples=400,
    database=None,
    derandomize=True,
    phases=(Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
)

numbers = st.integers(0, 3)


class SharedContainers(ThreadedStateMachine):
    """One of each, under one lock, taken for as long as a step needs."""

    kind: Any = owned.Lock

    def __init__(self) -> None:
        super().__init__()
        self.lock = self.kind()
        self.items = owned.share(owned.List(), lock=self.lock)
        self.counts = owned.share(owned.Dict(), lock=self.lock)
        self.seen = owned.share(owned.Set(), lock=self.lock)

    @step(number=numbers)
    def push(self, number: int) -> int:
        with self.lock:
            self.items.append(number)
            return len(self.items)

    @step()
    def pop(self) -> int:
        with self.lock:
            return self.items.pop()

    @step(number=numbers)
    def count(self, number: int) -> int:
        with self.lock:
            self.counts[number] = self.counts.get(number, 0) + 1
            return self.counts[number]

    @step(number=numbers)
    def see(self, number: int) -> bool:
        with self.lock:
            known = number in self.seen
            self.seen.add(number)
            return known

    @step()
    def walk(self) -> list[int]:
        with self.lock:
            return [*self.items, *self.counts, *sorted(self.seen)]

    def outcome(self) -> Any:
        with self.lock:
            return list(self.items), dict(self.counts), set(self.seen)


class SharedUnderRLock(SharedContainers):
    kind = owned.RLock


class ThreeThreads(SharedContainers):
    threads = 3
    steps_per_thread = 1


@pytest.mark.parametrize("machine", [SharedContainers, SharedUnderRLock, ThreeThreads])
def test_right_use(machine):
    """Whatever the schedule, steps that hold the lock are not refused, and are as if one came after the other."""
    run_state_machine_as_test(machine, settings=QUICK)


@pytest.mark.parametrize("name", ["push", "count", "see", "walk"])
def test_forgotten_lock(name):
    """Each of them without the lock is found, with one step on one thread."""

    def forgetful(self: SharedContainers) -> None:
        if name == "push":
            self.items.append(0)
        elif name == "count":
            self.counts[0] = 1
        elif name == "see":
            self.seen.add(0)
        else:
            list(self.items)

    machine = type("Forgetful", (SharedContainers,), {"forgetful": step()(forgetful)})
    with pytest.raises(ViolationFound) as caught:
        run_state_machine_as_test(machine, settings=HUNT)
    rounds = [note for note in caught.value.__notes__ if "round" in note]
    assert rounds == ["state.round(lanes=[[('forgetful', {})]], switches=[])"]


def test_check_then_act():
    """The lock taken twice in one step: nobody is refused, and the schedule that pops from an empty list is found."""

    class CheckThenAct(ThreadedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.items = owned.share(owned.List([1]))

        @step()
        def pop_if_any(self) -> int | None:
            with owned.locked(self.items):
                full = bool(self.items)
            if not full:
                return None
            with owned.locked(self.items):
                return self.items.pop()

    with pytest.raises(ImpossibleOutcome) as caught:
        run_state_machine_as_test(CheckThenAct, settings=HUNT)
    call = "[('pop_if_any', {})]"
    rounds = [note for note in caught.value.__notes__ if "round" in note]
    assert len(rounds) == 1 and f"lanes=[{call}, {call}]" in rounds[0]
    assert "raises IndexError" in str(caught.value)
