# SPDX-License-Identifier: MIT
"""Thread: what may go to it, what join() and result() hand over, and what is told of one that was ended."""

from __future__ import annotations

import gc
import sys
import threading
import traceback
import weakref
from typing import Any

import pytest

import owned
from guarded import Bag, Node
from owned import List, Region, State, Thread, adopt, move, owner, share, state


def run(target: Any, *args: Any, **kwargs: Any) -> Thread:
    """A thread that has ended and that nobody joined: only its own lock is waited for."""
    ended = threading.Event()

    def watched() -> Any:
        try:
            return target(*args, **kwargs)
        finally:
            ended.set()

    thread = Thread(target=watched, name="worker", unguarded="pass")
    thread.start()
    assert ended.wait(30)
    threading.Thread.join(thread, 30)
    return thread


@pytest.fixture
def told(monkeypatch: Any) -> list[threading.ExceptHookArgs]:
    """What threading.excepthook was told."""
    told: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    return told


def test_arguments_are_judged_when_it_is_made() -> None:
    """As a pool's are: with the argument named, before there is a thread."""

    def work(node: Any, *, rows: Any = ()) -> None: ...

    node = Node()
    with pytest.raises(owned.WrongThreadError, match=r"argument 1 \('node'\) of .*work\(\) is a Node"):
        Thread(target=work, args=(node,))
    with pytest.raises(TypeError, match=r"argument 'rows' of .*work\(\) is a list"):
        Thread(target=work, args=(1,), kwargs={"rows": []})
    with pytest.raises(owned.WrongThreadError, match="the self of Node.rename"):
        Thread(target=node.rename, args=("x",))
    with pytest.raises(owned.WrongThreadError, match="the closure variable 'node'"):
        Thread(target=lambda: node)
    with pytest.raises(ValueError, match="`unguarded` must be one of"):
        Thread(target=work, unguarded="maybe")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="must be callable"):
        Thread(target=3)  # type: ignore[arg-type]


def test_a_parcel_is_opened_by_the_thread() -> None:
    """The target gets the object, and it comes back with the result."""
    node = Node()
    thread = Thread(target=lambda node: node.rename("theirs") and node, args=(move(node),))
    assert state(node) is State.IN_TRANSIT
    thread.start()
    assert thread.result() is node and node.name == "theirs"


def test_join_hands_over_all_that_it_made() -> None:
    """Private, in a Region, in a wrapper, claimed, or left by a thread that it joined itself."""
    region: list[Any] = []

    def work() -> Any:
        with Region() as r:
            inside = Node("in a region")
        region.append(r)
        inner = Thread(target=Node, args=("inner",))
        inner.start()
        return [Node("made"), owned.own({"k": [1]}), inside, move(Node("claimed")).claim(), inner.result()]

    thread = run(work)
    left = thread._call._value  # type: ignore[union-attr]
    assert state(left[0]) is State.ORPHANED
    thread.join()
    made, wrapped, inside, claimed, inner = thread.result()
    assert (made.name, inside.name, claimed.name, inner.name) == ("made", "in a region", "claimed", "inner")
    assert wrapped["k"][0] == 1
    assert owner(made).name == "MainThread"
    with region[0]:
        pass


def test_the_first_that_joins_owns_it(elsewhere: Any) -> None:
    """The others only wait; nothing is raised or counted."""
    thread = run(Node)
    node = elsewhere(lambda: thread.result().rename("taken") and thread.result())
    before = owned.stats().violations
    thread.join()
    assert thread.result() is node
    assert owned.stats().violations == before
    with pytest.raises(owned.OrphanedError, match="thread 'elsewhere', whose it was, has ended"):
        node.name


def test_a_join_in_vain_takes_nothing() -> None:
    """It still runs."""
    go = threading.Event()

    def work(go: Any) -> Any:
        node = Node()
        go.wait(30)
        node.name = "still its own"
        return node

    thread = Thread(target=work, args=(go,))
    thread.start()
    thread.join(0.001)
    with pytest.raises(TimeoutError, match="has not ended within 0.001 seconds"):
        thread.result(0.001)
    go.set()
    assert thread.result(30).name == "still its own"


def test_a_returned_parcel_is_claimed_once() -> None:
    """By the first that asks; asking again gives the object."""
    thread = run(lambda: move(Node()))
    assert thread.result().name == "node"
    assert thread.result() is thread.result()


def test_a_subclass_with_a_run_of_its_own() -> None:
    """Its fields are not judged; join() hands over what it made."""

    class Worker(Thread):
        def __init__(self) -> None:
            super().__init__(name="subclass")
            self.nodes: list[Any] = []

        def run(self) -> None:
            self.nodes.append(Node("made"))

    worker = Worker()
    worker.start()
    worker.join()
    assert worker.nodes[0].name == "made"
    assert worker.result() is None
    assert "run" not in vars(worker)


def test_a_subclass_that_calls_run_of_thread() -> None:
    """The result is the target's."""

    class Worker(Thread):
        def run(self) -> None:
            super().run()

    worker = Worker(target=Node, args=("theirs",))
    worker.start()
    assert worker.result().name == "theirs"


def test_it_starts_once() -> None:
    """Starting again fails as ever, and changes nothing."""
    thread = Thread(target=int)
    with pytest.raises(RuntimeError, match="cannot join thread before it is started"):
        thread.result()
    thread.start()
    with pytest.raises(RuntimeError, match="threads can only be started once"):
        thread.start()
    assert thread.result() == 0
    with pytest.raises(RuntimeError, match="threads can only be started once"):
        thread.start()


class Interrupting(threading.Event):
    """What ``start()`` waits for; the wait is ended by a Ctrl-C, before or after the thread has begun."""

    def __init__(self, late: bool) -> None:
        super().__init__()
        self.late = late

    def wait(self, timeout: float | None = None) -> bool:
        if self.late:
            super().wait(30)
        raise KeyboardInterrupt


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("fails", [False, True])
def test_a_ctrl_c_in_start(fails: bool, late: bool, told: list[threading.ExceptHookArgs]) -> None:
    """Interrupts whoever starts it: the thread runs, and what its target returned or raised is there."""
    go_on = threading.Event()

    def work() -> int:
        assert go_on.wait(30)
        if fails:
            raise LookupError("told")
        return 7

    thread = Thread(target=work, unguarded="pass")
    thread._started = Interrupting(late)  # type: ignore[attr-defined]
    with pytest.raises(KeyboardInterrupt):
        thread.start()
    go_on.set()
    assert threading.Event.wait(thread._started, 30)  # type: ignore[attr-defined]
    if fails:
        with pytest.raises(LookupError, match="told"):
            thread.result(30)
        assert [args.exc_type for args in told] == [LookupError]
    else:
        assert thread.result(30) == 7
    with pytest.raises(RuntimeError, match="threads can only be started once"):
        thread.start()


def test_a_start_that_fails_may_be_repeated(monkeypatch: Any) -> None:
    """The system has no thread to give now, and has one later."""
    name = "_start_joinable_thread" if sys.version_info >= (3, 13) else "_start_new_thread"

    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("can't start new thread")

    thread = Thread(target=lambda: 7)
    with monkeypatch.context() as patch:
        patch.setattr(threading, name, refuse)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            thread.start()
    thread.start()
    assert thread.result(30) == 7
    assert "run" not in vars(thread)


def test_a_subclass_that_forgets_init() -> None:
    """Is refused as ever."""

    class Forgetful(Thread):
        def __init__(self) -> None: ...

    with pytest.raises(RuntimeError, match=r"thread\.__init__\(\) not called"):
        Forgetful().start()


def test_a_run_that_is_given_to_one_thread() -> None:
    """As an attribute: it is what runs."""
    ran = threading.Event()
    thread = Thread()
    thread.run = ran.set  # type: ignore[method-assign]
    thread.start()
    thread.join()
    assert ran.is_set() and thread.result() is None


def test_an_exception_is_told_and_kept(told: list[threading.ExceptHookArgs]) -> None:
    """threading.excepthook hears of it as ever, and result() raises it where it is asked for."""

    def fail() -> None:
        raise LookupError(Node("in it"))

    thread = run(fail)
    assert told[0].exc_type is LookupError and told[0].thread is thread
    for _ in range(2):
        with pytest.raises(LookupError) as caught:
            thread.result()
    assert caught.value.args[0].name == "in it"
    assert "in fail" in "".join(traceback.format_exception(caught.value))


def test_its_traceback_keeps_no_objects(told: list[threading.ExceptHookArgs]) -> None:
    """The hook finds the variables in the frames; afterwards they are gone, and the lines stay."""
    kept: list[weakref.ref[Any]] = []
    seen: list[str] = []

    def hook(args: Any) -> None:
        traceback = args.exc_traceback
        while traceback.tb_next is not None:
            traceback = traceback.tb_next
        seen.append(traceback.tb_frame.f_locals["bag"].name)

    def fail() -> None:
        bag = Bag(name="seen")
        kept.append(weakref.ref(bag))
        raise LookupError("gone")

    threading.excepthook = hook
    thread = run(fail)
    gc.collect()
    assert seen == ["seen"] and kept[0]() is None
    with pytest.raises(LookupError, match="gone"):
        thread.result()


def test_a_hook_that_fails(monkeypatch: Any, capsys: Any) -> None:
    """Is told to sys.excepthook, and the thread has ended all the same."""
    told: list[Any] = []

    def hook(args: Any) -> None:
        raise ValueError("in the hook")

    monkeypatch.setattr(threading, "excepthook", hook)
    monkeypatch.setattr(sys, "excepthook", lambda *args: told.append(args[1]))
    thread = run(lambda: [][0])
    with pytest.raises(IndexError):
        thread.result()
    assert str(told[0]) == "in the hook"


@pytest.mark.parametrize("kind", [Thread, threading.Thread])
def test_a_lock_tells_what_ended_its_holder(kind: Any, told: list[threading.ExceptHookArgs]) -> None:
    """Which thread, which exception, where; so do its objects."""
    lock = owned.Lock()
    left: list[Any] = []

    def die() -> None:
        lock.acquire()
        left.append(Node())
        raise LookupError("out of luck")

    thread = kind(target=die, name="victim", **({"unguarded": "pass"} if kind is Thread else {}))
    thread.start()
    threading.Thread.join(thread)
    what = r"was ended by LookupError: out of luck at .*test_Thread\.py:\d+ in .*die"
    with pytest.raises(owned.OrphanedError, match=f"thread 'victim', which holds it, {what}"):
        lock.acquire()
    with pytest.raises(owned.OrphanedError, match=f"thread 'victim', whose it was, {what}.*adopt"):
        left[0].name
    ended = owner(left[0])
    assert ended is not None and ended.ended_by is not None and ended.ended_by.startswith("LookupError: out of luck")
    assert [args.exc_type for args in told] == [LookupError]
    assert adopt(lock).locked()
    lock.release()
    adopt(thread)
    assert left[0].name == "node"


def test_a_thread_that_ends_well_was_ended_by_nothing() -> None:
    """None."""
    thread = run(Node)
    ended = owner(thread._call._value)  # type: ignore[union-attr]
    assert ended is not None and ended.finished and ended.ended_by is None


def test_what_is_shared_stays_shared() -> None:
    """join() takes what was the thread's own."""
    items = share(List())

    def work(items: Any) -> None:
        with owned.locked(items):
            items.append(Node())

    thread = Thread(target=work, args=(items,))
    thread.start()
    thread.join()
    with owned.locked(items):
        assert items[0].name == "node"
    assert state(items) is State.SHARED


def test_unguarded_wrap() -> None:
    """The argument is wrapped and moved."""
    plain = [1]
    thread = Thread(target=lambda rows: rows.append(2) or rows, args=(plain,), unguarded="wrap")
    thread.start()
    assert thread.result() == [1, 2] and plain == [1, 2]


def test_its_name_tells_the_target() -> None:
    """As the standard one's does."""
    assert Thread(target=run).name.endswith("(run)")


def test_adopting_it_is_joining_it() -> None:
    """adopt(thread) takes the same, once."""
    thread = run(Node)
    assert adopt(thread) is thread
    assert thread.result().name == "node"
