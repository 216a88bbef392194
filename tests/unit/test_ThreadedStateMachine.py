# SPDX-License-Identifier: MIT
"""ThreadedStateMachine: what it finds, how small it makes it, how it tells it, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

import owned
from owned.testing import Deadlock, ImpossibleOutcome, ThreadedStateMachine, ViolationFound, step

QUICK = settings(
    max_examples=400,
    stateful_step_count=5,
    database=None,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate, Phase.shrink),
)


@owned.owned
class Box:
    def __init__(self):
        self.value = 0


class Counting(ThreadedStateMachine):
    """A right one."""

    def __init__(self):
        super().__init__()
        self.lock = owned.Lock()
        self.box = owned.share(Box(), lock=self.lock)

    @step(amount=st.integers(1, 5))
    def add(self, amount):
        with self.lock:
            self.box.value += amount

    def outcome(self):
        with self.lock:
            return self.box.value


class Losing(Counting):
    """The lock is released between reading and writing: no violation, but an update is lost."""

    @step(amount=st.integers(1, 5))
    def add(self, amount):
        with self.lock:
            value = self.box.value
        with self.lock:
            self.box.value = value + amount


class Forgetful(Counting):
    """One step takes no lock, and swallows what it gets for it."""

    @step()
    def peek(self):
        try:
            return self.box.value
        except owned.OwnershipError:
            return None


class Deadlocking(ThreadedStateMachine):
    """Two locks in both orders."""

    def __init__(self):
        super().__init__()
        self.first, self.second = owned.Lock(), owned.RLock()

    @step()
    def forwards(self):
        with self.first, self.second:
            pass

    @step()
    def backwards(self):
        with self.second, self.first:
            pass


def find(machine, kind):
    """The failure of a machine, and the minimal rounds that hypothesis prints."""
    with pytest.raises(kind) as caught:
        run_state_machine_as_test(machine, settings=QUICK)
    return caught.value, [note for note in caught.value.__notes__ if note.startswith("state.round(")]


@pytest.fixture(scope="module")
def lost():
    """What is found in Losing."""
    return find(Losing, ImpossibleOutcome)


def test_right_use_passes():
    """Under no schedule does a machine fail that takes the lock once for the whole step."""
    run_state_machine_as_test(Counting, settings=settings(QUICK, max_examples=40))


def test_lost_update(lost):
    """A lost update is shrunk to one round, one step for each thread, and the one switch that loses it."""
    error, rounds = lost
    one = "[('add', {'amount': 1})]"
    assert len(rounds) == 1
    assert rounds[0].startswith(f"state.round(lanes=[{one}, {one}], switches=[(")
    # The call, two steps, one switch; on 3.14 hypothesis leaves two more, to the other thread and back at once.
    assert rounds[0].count("(") in (4, 6)
    assert error.rounds == 1
    text = str(error)
    assert "outcome() -> 1" in text
    assert "add(amount=1) on 0, add(amount=1) on 1: outcome() gives 2, and it gave 1" in text


def test_table_has_a_column_for_each_thread(lost):
    """The table shows which thread ran which line, in order, and where it was stopped."""
    error, _ = lost
    head, _, *rows = [[cell.strip() for cell in line.split("|")] for line in error.table.splitlines()]
    assert head == ["thread-0", "thread-1"]
    left = [row[0] for row in rows if row[0]]
    right = [row[1] for row in rows if row[1]]
    assert left[0] == right[0] == "add(amount=1)"
    assert any(text.startswith("(stopped before ") for text in left)
    assert sum(text.startswith("(stopped before ") for text in right) <= 1
    assert sum("self.box.value = value + amount" in text for text in left) >= 1
    assert left[-1] == right[-1] == "-> None"


def test_a_single_instruction_is_split():
    """`x.n += 1` on a plain object is one line, and still loses an update; no lock, no guarded object is needed."""

    class Plain(ThreadedStateMachine):
        n = 0

        @step()
        def bump(self):
            self.n += 1
            return self.n

    error, rounds = find(Plain, ImpossibleOutcome)
    assert [line.partition("switches")[0] for line in rounds] == [
        "state.round(lanes=[[('bump', {})], [('bump', {})]], "
    ]
    assert "bump() on thread-1 gives 2, and it gave 1" in str(error)


def test_swallowed_violation():
    """A violation fails the round though the step swallows it, and needs one step on one thread."""
    error, rounds = find(Forgetful, ViolationFound)
    assert rounds == ["state.round(lanes=[[('peek', {})]], switches=[])"]
    assert str(error).startswith("LockNotHeldError: thread 'thread-0' tried to read Box.value")
    assert "!! LockNotHeldError: read Box.value" in error.table


def test_deadlock():
    """Locks of owned in both orders: found without waiting, and no thread stays behind."""
    error, rounds = find(Deadlocking, Deadlock)
    assert len(rounds) == 1 and "forwards" in rounds[0] and "backwards" in rounds[0]
    assert str(error).startswith("thread-0 and thread-1 wait")
    assert error.table.count("waits for <") == 2
    for thread in threading.enumerate():
        if thread.name.startswith("thread-"):
            thread.join(10)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("thread-")]


def test_same_schedule_same_table(lost):
    """A round that hypothesis printed does the same when it is called again: the schedule is data."""
    _, rounds = lost
    tables = set()
    for _ in range(5):
        machine = Losing()
        with pytest.raises(ImpossibleOutcome) as caught:
            eval(rounds[0], {"state": machine})
        machine.teardown()
        tables.add(caught.value.table)
    assert len(tables) == 1


def test_foreign_lock():
    """A thread that waits for a lock which is not ours is found out by its silence, and goes on when it can."""

    class Foreign(ThreadedStateMachine):
        patience = 0.05

        def __init__(self):
            super().__init__()
            self.lock = threading.RLock()
            self.n = 0

        @step()
        def bump(self):
            with self.lock:
                self.n += 1

        def outcome(self):
            return self.n

    machine = Foreign()
    bump = [("bump", {})]
    machine.round(lanes=[bump, bump], switches=[(3, 0)])
    assert machine.n == 2
    machine.teardown()


def test_lock_left_taken():
    """outcome() would wait for a lock that a step forgot to release: an error, no hang."""

    class Leaving(Counting):
        @step()
        def leave(self):
            self.lock.acquire()

    machine = Leaving()
    with pytest.raises(Deadlock, match=r"outcome\(\) would wait for <Lock at"):
        machine.round(lanes=[[("leave", {})]], switches=[])
    machine.teardown()


def test_timeout_runs_out():
    """A step that waits with a time limit is let time out when nothing else can go on."""

    class Waiting(ThreadedStateMachine):
        def __init__(self):
            super().__init__()
            self.lock = owned.Lock()
            self.lock.acquire()

        @step()
        def wait(self):
            return self.lock.acquire(timeout=0.001)

    machine = Waiting()
    machine.round(lanes=[[("wait", {})], [("wait", {})]], switches=[])
    machine.teardown()


def test_exceptions_are_results():
    """A step that raises what it would raise in some order is right; one that raises more is not."""

    class Popping(ThreadedStateMachine):
        def __init__(self):
            super().__init__()
            self.items = [1]

        @step()
        def pop(self):
            if self.items:
                return self.items.pop()
            raise KeyError

    error, _ = find(Popping, ImpossibleOutcome)
    assert "raises IndexError" in str(error)


def test_model():
    """The model says what a sequence of steps does: a machine that is wrong without any thread is found as well."""

    class Model:
        def __init__(self):
            self.total = 0

        def add(self, amount):
            self.total += amount

        def outcome(self):
            return self.total

    class Doubling(Counting):
        model = Model

        @step(amount=st.integers(1, 5))
        def add(self, amount):
            with self.lock:
                self.box.value += 2 * amount

    error, rounds = find(Doubling, ImpossibleOutcome)
    assert rounds == ["state.round(lanes=[[('add', {'amount': 1})]], switches=[])"]
    assert "outcome() gives 1, and it gave 2" in str(error)


def test_thread_argument():
    """A step with a parameter `thread` gets the number of the thread that runs it, which has that name."""
    seen = set()

    class Telling(ThreadedStateMachine):
        threads = 3
        steps_per_thread = 1

        @step()
        def tell(self, thread):
            seen.add((thread, threading.current_thread().name))

    machine = Telling()
    machine.round(lanes=[[("tell", {})]] * 3, switches=[])
    machine.teardown()
    assert seen == {(0, "thread-0"), (1, "thread-1"), (2, "thread-2")}


STOPS_AFTER_FIRST = 2
"""So many points a thread passes in `order.append(thread)`."""


def test_round_of_three():
    """A switch can go to either of the two other threads."""
    order: list[int] = []

    class Three(ThreadedStateMachine):
        threads = 3

        @step()
        def note(self, thread):
            order.append(thread)
            order.append(thread)

    for skip, second in [(0, 1), (1, 2)]:
        order.clear()
        machine = Three()
        machine.round(lanes=[[("note", {})]] * 3, switches=[(STOPS_AFTER_FIRST, skip)])
        machine.teardown()
        assert order[:3] == [0, second, second]


def test_invariants_run_between_rounds():
    """Ordinary invariants work, on the main thread."""
    ran = []

    class Checked(Counting):
        @invariant()
        def is_not_negative(self):
            ran.append(threading.current_thread() is threading.main_thread())
            assert self.outcome() >= 0

    run_state_machine_as_test(Checked, settings=settings(QUICK, max_examples=5))
    assert ran and all(ran)


def test_ordinary_rules_are_refused():
    """They could not be repeated in another order."""
    for mark in (rule(), initialize()):
        with pytest.raises(TypeError, match="ordinary is an ordinary rule"):
            type("Wrong", (Counting,), {"ordinary": mark(lambda self: None)})


def test_other_wrong_definitions_are_refused():
    """The name `round`, too many orders, arguments that are no strategies or that the method does not have."""
    with pytest.raises(TypeError, match="round"):
        type("Wrong", (Counting,), {"round": None})
    with pytest.raises(TypeError, match="too many"):
        type("Wrong", (Counting,), {"threads": 4, "steps_per_thread": 3})
    with pytest.raises(TypeError, match="`amount` must be a strategy, got int"):
        step(amount=3)
    with pytest.raises(TypeError, match="no parameter `amount`"):
        step(amount=st.integers())(lambda self: None)


def test_not_imported_by_owned():
    """`import owned` imports neither this module nor hypothesis."""
    code = "import sys, owned; sys.exit('owned.testing' in sys.modules or 'hypothesis' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_hypothesis():
    """Where hypothesis is not installed the import says what to install."""
    code = "import sys; sys.modules['hypothesis'] = None; import owned.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert 'ImportError: owned.testing needs hypothesis, which is not installed: `pip install "owned[hypothesis]"`' in (
        done.stderr
    )
