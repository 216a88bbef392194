# SPDX-License-Identifier: MIT
"""Strict mode: locks that are taken in orders that contradict each other."""

from __future__ import annotations

import gc
import inspect
import pickle
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

import owned
from locks import held_elsewhere, join, orphan
from owned import _core, _lock_order
from owned._records import Violation
from owned._violations import observe
from programs import run_program

CHECKED, STRICT = 2, 3
BOTH = pytest.mark.parametrize("kind", [owned.Lock, owned.RLock])


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    """Strict mode for the test."""
    before = _core.get_mode()
    _core.set_mode(STRICT)
    yield
    _core.set_mode(before)


def in_order(*locks: Any) -> None:
    """Take the locks one after the other, give them back in reverse."""
    if locks:
        with locks[0]:
            in_order(*locks[1:])


def known(*locks: Any) -> set[tuple[int, int]]:
    """The orders known between these locks, as pairs of their places."""
    places = {_core.lock_ordinal(lock): place for place, lock in enumerate(locks)}
    return {(places[a], places[b]) for a, b in _lock_order.orders() if a in places and b in places}


def here() -> int:
    """The line of the caller."""
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


@BOTH
def test_both_orders(kind: Any) -> None:
    """One thread that takes two locks in both orders is told, though it waits for nobody."""
    a, b = kind(), kind()
    in_order(a, b)
    with b:
        with pytest.raises(owned.LockOrderError):
            a.acquire()
        assert not a.locked()
    assert not b.locked()


def test_every_time() -> None:
    """A wrong order is found each time it is taken, and the right one stays right."""
    a, b = owned.Lock(), owned.Lock()
    for _ in range(3):
        in_order(a, b)
        with pytest.raises(owned.LockOrderError):
            in_order(b, a)
    assert known(a, b) == {(0, 1)}


def test_transitive() -> None:
    """Taking a before b and b before c makes a before c, though nobody took these two together."""
    a, b, c = owned.Lock(), owned.RLock(), owned.Lock()
    in_order(a, b)
    in_order(b, c)
    with pytest.raises(owned.LockOrderError) as caught:
        in_order(c, a)
    text = str(caught.value)
    for lock in (a, b, c):
        assert f"<{type(lock).__name__} at {id(lock):#x}>" in text
    assert [record.root_type.count(" at ") for record in caught.value.life] == [2, 2, 1]
    in_order(a, c)


def test_the_innermost_is_not_the_only_one() -> None:
    """Each lock that is held counts, not just the one taken last; a refused acquire teaches nothing."""
    a, b, c = owned.Lock(), owned.Lock(), owned.Lock()
    in_order(a, b)
    with pytest.raises(owned.LockOrderError):
        in_order(b, c, a)
    assert known(a, b, c) == {(0, 1), (1, 2)}
    in_order(a, c)


def test_instances_not_classes() -> None:
    """Locks made by one line and taken in the order of their numbers are right, in whichever order they were made."""
    locks = [owned.Lock() for _ in range(4)]
    for first in range(4):
        for second in range(first + 1, 4):
            in_order(locks[first], locks[second])
    assert known(*locks) == {(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)}


def test_gate_lock() -> None:
    """Both orders under a common lock cannot deadlock, and are reported all the same."""
    gate, a, b = owned.Lock(), owned.Lock(), owned.Lock()
    in_order(gate, a, b)
    with pytest.raises(owned.LockOrderError):
        in_order(gate, b, a)


def test_reentry() -> None:
    """An RLock that its holder takes again has no order to keep, and stays held until the last release."""
    a, b, c = owned.RLock(), owned.Lock(), owned.Lock()
    with a, b, a:
        pass
    assert known(a, b, c) == {(0, 1)}
    a.acquire()
    with a:
        pass
    with c:
        pass
    a.release()
    assert known(a, b, c) == {(0, 1), (0, 2)}


@pytest.mark.parametrize("way", [{"blocking": False}, {"timeout": 10}])
def test_limited_waits(way: dict[str, Any]) -> None:
    """A try and a wait with a limit are not refused and teach no order; what they take counts as held."""
    a, b, c = owned.Lock(), owned.Lock(), owned.Lock()
    with b:
        assert a.acquire(**way)
        c.acquire()
        c.release()
        a.release()
    assert known(a, b, c) == {(0, 2), (1, 2)}
    in_order(a, b)
    with b:
        assert a.acquire(**way)
        a.release()


@BOTH
def test_every_way_of_taking(kind: Any) -> None:
    """acquire(), with, locked(obj), Condition and a subclass are one road."""

    class Fancy(owned.RLock):  # type: ignore[misc]
        pass

    gate, lock, fancy = owned.Lock(), kind(), Fancy()
    items = owned.share(owned.List(), lock=lock)
    in_order(lock, gate)
    in_order(fancy, gate)
    ways = [
        lock.acquire,
        lock.__enter__,
        owned.locked(items).__enter__,
        threading.Condition(lock).__enter__,
        threading.Condition(lock).acquire,
        fancy.acquire,
    ]
    with gate:
        for way in ways:
            with pytest.raises(owned.LockOrderError):
                way()


@BOTH
def test_condition_wait(kind: Any) -> None:
    """Condition.wait() comes back with its lock in any case; a wrong order goes to the observers."""
    lock, inner = kind(), owned.Lock()
    condition = threading.Condition(lock)
    seen: list[owned.OwnershipError] = []
    with observe(seen.append), condition, inner:
        assert not condition.wait(0.001)
        assert lock._is_owned()
    [error] = seen
    assert type(error) is owned.LockOrderError
    assert error.violation is not None
    assert f"acquire <{kind.__name__} at" in error.violation.headline
    assert known(lock, inner) == {(0, 1)}
    in_order(lock, inner)


def test_condition_wait_in_order() -> None:
    """Waiting with another lock held that was taken before is an order like any other."""
    a, b = owned.Lock(), owned.RLock()
    condition = threading.Condition(b)  # type: ignore[arg-type]
    seen: list[owned.OwnershipError] = []
    with observe(seen.append), a, b, condition:
        assert not condition.wait(0.001)
        assert known(a, b) == {(0, 1)}
    assert seen == []
    with pytest.raises(owned.LockOrderError):
        in_order(b, a)


def test_interrupted_telling() -> None:
    """Ctrl-C while a wrong order is told: acquire() has not taken the lock, Condition.wait() has."""
    lock, inner = owned.Lock(), owned.Lock()
    condition = threading.Condition(lock)  # type: ignore[arg-type]

    def interrupt(error: object) -> None:
        raise KeyboardInterrupt

    in_order(lock, inner)
    with observe(interrupt):
        with pytest.raises(KeyboardInterrupt):
            in_order(inner, lock)
        assert not lock.locked() and not inner.locked()
        with condition, inner:
            with pytest.raises(KeyboardInterrupt):
                condition.wait(0.001)
            assert lock._is_owned()
    assert not lock.locked() and not inner.locked()


def test_adopted() -> None:
    """A lock that was adopted is held."""
    a, b = owned.Lock(), owned.Lock()
    orphan(a)
    owned.adopt(a)
    with b:
        pass
    a.release()
    assert known(a, b) == {(0, 1)}


def test_only_strict() -> None:
    """Other modes know no order; switching in the middle of a hold harms nothing."""
    a, b, c = owned.Lock(), owned.RLock(), owned.Lock()
    _core.set_mode(CHECKED)
    in_order(a, b)
    in_order(b, a)
    assert _core.lock_ordinal(a) == 0
    with a:
        _core.set_mode(STRICT)
        with b:
            pass
    with b, c:
        _core.set_mode(CHECKED)
        with a:
            pass
    _core.set_mode(STRICT)
    assert known(a, b, c) == {(1, 2)}
    in_order(a, b)
    with pytest.raises(owned.LockOrderError):
        in_order(b, a)


def test_unchecked() -> None:
    """In unchecked() nothing is judged; what is taken there is held afterwards."""
    a, b = owned.Lock(), owned.Lock()
    in_order(a, b)
    with owned.unchecked():
        in_order(b, a)
        b.acquire()
    with pytest.raises(owned.LockOrderError):
        a.acquire()
    b.release()
    assert known(a, b) == {(0, 1)}


@pytest.mark.parametrize("policy", ["count", lambda violation: None])
def test_policy_lets_pass(policy: Any) -> None:
    """Where the policy lets it pass, the acquire goes on; a wrong order is not learnt, a right one beside it is."""
    a, b, c, d = (owned.Lock() for _ in range(4))
    seen: list[owned.OwnershipError] = []
    in_order(a, b)
    with owned.configure(policy=policy), observe(seen.append):
        in_order(b, c, a)
        in_order(d, b, a)
        with a, pytest.raises(owned.LockOrderError):
            a.acquire()  # this one cannot go on
    assert [error.site[2] for error in seen[:2] if error.site] == ["in_order"] * 2
    assert len(seen) == 3
    assert known(a, b, c, d) == {(0, 1), (1, 2), (3, 0), (3, 1)}


def test_policy_that_raises() -> None:
    """What the policy's own code raises is what the acquire raises; Condition.wait() raises it with its lock held."""

    def policy(violation: Violation) -> None:
        raise ZeroDivisionError(violation.error)

    lock, inner = owned.Lock(), owned.Lock()
    condition = threading.Condition(lock)  # type: ignore[arg-type]
    in_order(lock, inner)
    with owned.configure(policy=policy):
        with pytest.raises(ZeroDivisionError, match="LockOrderError"):
            in_order(inner, lock)
        assert not lock.locked() and not inner.locked()
        with condition, inner:
            with pytest.raises(ZeroDivisionError):
                condition.wait(0.001)
            assert lock._is_owned()


@BOTH
def test_dead_locks(kind: Any) -> None:
    """A lock that dies takes its orders along: the graph is as large as the locks that live."""
    gc.collect()
    orders = _lock_order.orders()
    before = _core.known_orders()
    top, bottom = kind(), kind()
    for _ in range(50):
        in_order(top, kind(), bottom)
    gc.collect()
    assert known(top, bottom) == {(0, 1)}
    assert len(_lock_order.orders()) == len(orders) + 1
    assert _core.known_orders() == before + 1
    assert len(_lock_order._nodes) <= 2 * len(orders) + 2
    del top, bottom
    gc.collect()
    assert _lock_order.orders() == orders
    assert _core.known_orders() == before


def test_dropped_while_held() -> None:
    """A lock that dies held, here or elsewhere, holds nobody up, and nothing keeps it alive."""
    a, b = owned.Lock(), owned.RLock()
    a.acquire()
    gone = weakref.ref(a)
    del a
    gc.collect()
    assert gone() is None
    box = [owned.Lock()]
    gone = weakref.ref(box[0])
    box[0].acquire()
    thread = threading.Thread(target=box.clear)
    thread.start()
    join(thread)
    assert gone() is None
    orders = _lock_order.orders()
    with b:
        pass
    assert _lock_order.orders() == orders
    assert _core.thread_info(_core.thread_id()) is not None


def test_collector_runs_while_a_lock_dies() -> None:
    """A lock lets go of where it was made; who hears of that may run the collector, which does not meet the lock."""
    out = run_program(
        """
        import gc, sysconfig, weakref, owned
        owned.configure(mode="strict")
        waits_for_the_collector = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))  # code objects do there
        def make(kind):
            names = {"kind": kind}
            code = compile("lock = kind()", "gone.py", "exec")
            exec(code, names)
            return names["lock"], weakref.ref(code, lambda _: gc.collect())
        for kind in (owned.Lock, owned.RLock, owned.RWLock):
            for _ in range(20):
                lock, code = make(kind)
                assert code() is not None
                del lock
                assert waits_for_the_collector or code() is None
            print(kind.__name__, flush=True)
        """
    )
    assert out.split() == ["Lock", "RLock", "RWLock"]


def test_many_at_once() -> None:
    """A hundred locks held at a time, given back in another order."""
    locks = [owned.Lock() for _ in range(100)]
    for lock in locks:
        lock.acquire()
    assert len(known(*locks)) == 100 * 99 / 2
    for lock in locks[::2] + locks[1::2]:
        lock.release()
    with pytest.raises(owned.LockOrderError):
        in_order(locks[99], locks[0])


def test_the_sentence() -> None:
    """Who, which locks, where the other order was taken and by whom, and the way out."""
    a, b = owned.Lock(), owned.RLock()
    made = here() - 1

    def first() -> None:
        with a:
            with b:
                pass

    def second() -> None:
        with b:
            with a:
                pass

    line_first, line_second = first.__code__.co_firstlineno, second.__code__.co_firstlineno
    thread = threading.Thread(target=first, name="teller")
    thread.start()
    join(thread)
    with pytest.raises(owned.LockOrderError) as caught:
        second()
    lock, rlock = f"<Lock at {id(a):#x}>", f"<RLock at {id(b):#x}>"
    where, run = first.__qualname__, "called from "
    text = str(caught.value)
    there = f"{rlock} at {__file__}:{line_first + 2} in {where}, {run}"
    assert text.startswith(
        f"thread 'MainThread' tried to acquire {lock} while holding {rlock} (taken at {__file__}:{line_second + 1} in "
        f"{second.__qualname__}), but the other order was taken before: thread 'teller' acquired {there}"
    )
    assert f", while holding {lock} (taken at {__file__}:{line_first + 1} in {where}). " in text
    assert "wait for each other for ever. Take these locks in one order everywhere." in text
    assert f"{lock} was made at {__file__}:{made} in test_the_sentence." in text
    assert f"{rlock} was made at {__file__}:{made} in test_the_sentence." in text


def test_facts() -> None:
    """What the sentence says, as data; it goes through pickle and through JSON's types."""
    a, b = owned.Lock(), owned.Lock()
    in_order(a, b)
    with pytest.raises(owned.LockOrderError) as caught:
        with b:
            line = here() + 1
            a.acquire()
    error = caught.value
    violation = error.violation
    assert violation is not None
    assert (error.access, error.type_name, error.address) == ("acquire", "Lock", id(a))
    assert (error.toucher, error.toucher_id) == ("MainThread", _core.thread_id())
    assert error.site == (__file__, line, "test_facts")
    assert (violation.file, violation.line, violation.stack[0].line) == (__file__, line, line)
    other, mine = violation.life
    assert other.root_type == f"<Lock at {id(b):#x}> while holding <Lock at {id(a):#x}>"
    assert [site.function for site in other.stack[:3]] == ["in_order", "in_order", "test_facts"]
    assert (mine.verb, mine.root_type, mine.line) == ("acquire", f"<Lock at {id(b):#x}>", line - 2)
    assert pickle.loads(pickle.dumps(violation)) == violation
    assert Violation.from_dict(violation.to_dict()) == violation
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)


def test_nothing_is_kept_alive() -> None:
    """Neither a lock, nor the frames in which locks were taken."""

    class Local:
        pass

    def take(a: Any, b: Any) -> weakref.ref[Any]:
        local = Local()
        in_order(a, b)
        a.acquire()
        return weakref.ref(local)

    a, b = owned.Lock(), owned.Lock()
    local = take(a, b)
    gc.collect()
    assert local() is None
    with pytest.raises(owned.LockOrderError) as caught:
        in_order(b, a)
    a.release()
    error, gone = caught.value.with_traceback(None), weakref.ref(a)
    del caught, a
    gc.collect()
    assert gone() is None
    assert error.lock is not None


def test_taken_twice() -> None:
    """Its holder is told where it took the lock."""
    lock = owned.Lock()
    with lock:
        taken = here() - 1
        with pytest.raises(
            owned.LockOrderError, match=rf"\(taken at .*test_lock_order.py:{taken} in test_taken_twice\)"
        ):
            lock.acquire()


def test_taken_by_a_thread_that_ended() -> None:
    """Who wants an orphaned lock is told where it was taken."""
    lock = owned.RLock()

    def work() -> None:
        lock.acquire()

    thread = threading.Thread(target=work, name="the departed")
    thread.start()
    join(thread)
    line = work.__code__.co_firstlineno + 1
    with pytest.raises(
        owned.OrphanedError, match=rf"'the departed', which holds it \(taken at .*:{line} in "
    ) as caught:
        lock.acquire()
    [record] = caught.value.life
    assert (record.line, record.thread) == (line, "the departed")


def test_released_by_another() -> None:
    """The holder lives and may give the lock back at any moment: its list is not looked at."""
    lock = owned.Lock()
    with held_elsewhere(lock), pytest.raises(owned.LockNotHeldError) as caught:
        lock.release()
    assert caught.value.life == ()


def test_a_finalizer_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that the collector runs while an order is judged takes locks unjudged, and does not disturb."""
    a, b, c, d = owned.Lock(), owned.Lock(), owned.Lock(), owned.Lock()
    inside = []
    way_between = _lock_order._way_between

    def interrupted(start: int, goal: int) -> Any:
        in_order(c, d)
        inside.append(known(c, d))
        return way_between(start, goal)

    monkeypatch.setattr(_lock_order, "_way_between", interrupted)
    in_order(a, b)
    monkeypatch.undo()
    assert inside == [set()]
    in_order(c, d)
    assert known(a, b, c, d) == {(0, 1), (2, 3)}


def test_an_occupied_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who cannot get at the graph for long goes on unjudged, and is judged the next time."""
    monkeypatch.setattr(_lock_order, "_PATIENCE", 0.01)
    a, b = owned.Lock(), owned.Lock()
    with held_elsewhere(_lock_order._graph_lock):
        in_order(a, b)
    assert known(a, b) == set()
    in_order(a, b)
    assert known(a, b) == {(0, 1)}


def test_lock_ordinal() -> None:
    """A lock's number is its own for ever, and only a lock has one."""
    a, b = owned.Lock(), owned.RLock()
    assert (_core.lock_ordinal(a), _core.lock_ordinal(b)) == (0, 0)
    in_order(a, b, owned.Lock())
    first = _core.lock_ordinal(a)
    assert first != 0
    in_order(a)
    assert _core.lock_ordinal(a) == first
    assert _core.lock_ordinal(b) != first
    with pytest.raises(TypeError, match="`lock` must be a lock of ours, got"):
        _core.lock_ordinal(threading.Lock())  # type: ignore[arg-type]


@pytest.fixture
def recorded() -> Iterator[None]:
    """The last eight holds are remembered."""
    _core.record_holds(8)
    yield
    _core.record_holds(0)


def test_lock_holds(recorded: None) -> None:
    """Which lock, of which type, by whom, from when to when; those not given back yet have no end."""

    class Fancy(owned.RLock):  # type: ignore[misc]
        pass

    a, b = owned.Lock(), Fancy()
    with a, b, b:
        pass
    b.acquire()
    first, second, third = _core.lock_holds()
    b.release()
    me = (_core.thread_id(), "MainThread")
    assert first[:5] == (_core.lock_ordinal(a), "Lock", id(a), *me)
    assert second[:5] == third[:5] == (_core.lock_ordinal(b), "Fancy", id(b), *me)
    assert first[6] is not None and second[6] is not None
    assert first[5] <= second[5] <= second[6] <= first[6] <= third[5]
    assert third[6] is None
    assert _core.lock_holds()[2][6] is not None


def test_lock_holds_come_round(recorded: None) -> None:
    """Only the last ones are kept; one that was overwritten before its end is gone."""
    slow, lock = owned.Lock(), owned.Lock()
    with slow:
        for _ in range(10):
            in_order(lock)
    holds = _core.lock_holds()
    assert [hold[0] for hold in holds] == [_core.lock_ordinal(lock)] * 8
    assert [hold[5] for hold in holds] == sorted(hold[5] for hold in holds)
    _core.record_holds(2)
    assert _core.lock_holds() == []
    in_order(lock)
    assert len(_core.lock_holds()) == 1
    _core.record_holds(0)
    in_order(lock)
    assert _core.lock_holds() == []


def test_lock_holds_only_in_strict(recorded: None) -> None:
    """Other modes record nothing."""
    _core.set_mode(CHECKED)
    in_order(owned.Lock())
    assert _core.lock_holds() == []
    with pytest.raises(ValueError, match="must not be negative"):
        _core.record_holds(-1)


def test_orders_of_nobody() -> None:
    """There is no lock number 0."""
    for function in (_core.learn_order, _core.forget_order):
        with pytest.raises(ValueError, match="number 0"):
            function(0, 1)
