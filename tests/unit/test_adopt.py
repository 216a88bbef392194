# SPDX-License-Identifier: MIT
"""adopt(obj_or_thread): what a finished thread left behind."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

import owned
from crowd import crowd
from guarded import Bag, Node
from owned import State, adopt, owner, state


def left_behind(make: Any) -> tuple[threading.Thread, Any]:
    """What a thread that has ended made, and the thread."""
    made: list[Any] = []
    thread = threading.Thread(target=lambda: made.append(make()), name="the late")
    thread.start()
    thread.join(30)
    return thread, made.pop()


def test_orphans_are_nobodys_until_adopted() -> None:
    """The message names the thread that had it, and the way out."""
    _, node = left_behind(Node)
    assert state(node) is State.ORPHANED
    assert owner(node).name == "the late"
    assert owner(node).finished
    with pytest.raises(owned.OrphanedError, match=r"thread 'the late', whose it was, has ended.*adopt\(obj\)"):
        node.name
    assert adopt(node) is node
    assert state(node) is State.PRIVATE
    assert node.name == "node"


def test_of_an_object_is_deep() -> None:
    """What it reaches and was left behind too comes along."""
    _, root = left_behind(lambda: Bag(child=Node(next=Node("deep")), many=[Node("item")]))
    adopt(root)
    assert root.child.next.name == "deep"
    assert root.many[0].name == "item"


def test_of_a_thread_takes_all() -> None:
    """Whatever region it was in: home, blocks of its own, parcels it had claimed, wrappers."""
    parcel = owned.move(Node("claimed"))

    def work() -> list[Any]:
        with owned.Region():
            born_in_block = Node("block")
        return [Node("home"), born_in_block, parcel.claim(), owned.own([1, 2, 3])]

    thread, things = left_behind(work)
    assert adopt(thread) is thread
    assert [thing.name for thing in things[:3]] == ["home", "block", "claimed"]
    assert len(things[3]) == 3
    assert {state(thing) for thing in things} == {State.PRIVATE}


def test_of_a_thread_follows_heirs() -> None:
    """A thread adopts from one that had adopted."""
    first, node = left_behind(Node)
    second, _ = left_behind(lambda: adopt(first))
    assert state(node) is State.ORPHANED
    adopt(second)
    assert node.name == "node"


def test_of_a_thread_that_never_touched_anything() -> None:
    """Nothing to take over is no error."""
    thread, _ = left_behind(lambda: None)
    assert adopt(thread) is thread


def test_refuses_a_running_thread_and_its_objects() -> None:
    """Join first."""
    node_made, may_end = threading.Event(), threading.Event()
    nodes: list[Any] = []

    def work() -> None:
        nodes.append(Node())
        node_made.set()
        may_end.wait(30)

    thread = threading.Thread(target=work, name="busy")
    thread.start()
    try:
        assert node_made.wait(30)
        with pytest.raises(owned.WrongThreadError, match="'busy' is still running: join it first"):
            adopt(thread)
        with pytest.raises(owned.WrongThreadError, match="tried to adopt a Node"):
            adopt(nodes[0])
    finally:
        may_end.set()
        thread.join(30)
    adopt(thread)
    assert nodes[0].name == "node"


def test_of_a_region() -> None:
    """A region that was left behind is adopted in constant time."""

    def work() -> tuple[Any, list[Any]]:
        with owned.Region() as region:
            nodes = [Node() for _ in range(10)]
        return region, nodes

    _, (region, nodes) = left_behind(work)
    assert state(nodes[0]) is State.ORPHANED
    adopt(region)
    assert {node.name for node in nodes} == {"node"}


def test_mine_already_is_returned() -> None:
    """Adopting twice is harmless."""
    node = Node()
    assert adopt(node) is node
    assert adopt(threading.current_thread()) is threading.current_thread()


@pytest.mark.parametrize("value", [None, 1, [1], object(), Node, threading.Lock()])
def test_refuses_what_is_not_guarded(value: object) -> None:
    """The message says what it takes."""
    with pytest.raises(TypeError, match="adopt"):
        adopt(value)


def test_two_adopters() -> None:
    """Of two threads that adopt one thread, one succeeds."""
    late, node = left_behind(Node)
    barrier = threading.Barrier(2)
    outcomes: list[str] = []
    both_done = threading.Barrier(2)

    def work() -> None:
        barrier.wait(30)
        try:
            adopt(late)
            outcomes.append(node.name)
        except owned.WrongThreadError:
            outcomes.append("late")
        both_done.wait(30)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["late", "node"]


def two_roots(size: int, wrapped: bool) -> tuple[list[Any], list[Any]]:
    """Two objects from which the same ring of objects is reached, and neither from the other; and the ring."""
    things: list[Any] = [Bag(next=None) if i % 2 else Node(str(i)) for i in range(size)]
    for i, thing in enumerate(things):
        thing.next = things[(i + 1) % size]
    plain = [things, things[::-1]]
    return [owned.own(one) if wrapped else Bag(things=tuple(one)) for one in plain], things


@pytest.mark.parametrize("wrapped", [False, True])
def test_two_adopters_of_graphs_that_overlap(wrapped: bool) -> None:
    """Both have their roots, and of what both reach each has what it met first, all of it together: nobody loses it."""
    for _ in range(6 * int(os.environ.get("OWNED_STRESS", "1"))):
        _, (roots, things) = left_behind(lambda: two_roots(400, wrapped))
        start, adopted, used = (threading.Barrier(2) for _ in range(3))
        got: list[set[int]] = [set(), set()]
        here = [False, False]

        def work(me: int, all_of: Any = (roots, things, here, got), barriers: Any = (start, adopted, used)) -> None:
            roots, things, here, got = all_of
            for barrier in barriers:
                barrier.wait(30)
                if barrier is barriers[0]:
                    here[me] = True
                    while not here[1 - me]:  # closer together than a barrier lets them go
                        pass
                    assert adopt(roots[me]) is roots[me]
                    for i, thing in enumerate(things):
                        try:
                            thing.children = [Node("new")]  # at once, while the other one walks perhaps
                        except owned.WrongThreadError:
                            continue
                        got[me].add(i)
                for i in got[me]:
                    assert things[i].children[0].name == "new"  # which stays this thread's
            assert state(roots[me]) is State.PRIVATE
            barriers[0].wait(30)

        crowd(2, work)
        assert not got[0] & got[1]
        assert got[0] | got[1] == set(range(len(things)))


@pytest.mark.parametrize("verb", [owned.move, owned.share, owned.freeze, lambda node: node.name])
def test_what_was_adopted_with_its_thread_need_not_be_touched_first(verb: Any) -> None:
    """Every verb finds it to be this thread's, as a touch does."""
    made: list[Any] = []
    thread = threading.Thread(target=lambda: made.append(Node(next=Node("inner"))))
    thread.start()
    thread.join(30)
    adopt(thread)
    verb(made[0])


@pytest.mark.parametrize("make", [Node, lambda: owned.own([1]), lambda: owned.List([owned.List()])])
def test_one_object_has_one_heir(make: Any) -> None:
    """Of several threads that adopt one object at the same time, one is told that it has it, and has it."""
    threads = 4
    for _ in range(10 * int(os.environ.get("OWNED_STRESS", "1"))):
        _, thing = left_behind(make)
        start, end = threading.Barrier(threads), threading.Barrier(threads)
        outcomes: list[bool] = []

        def work(thing: Any = thing, start: Any = start, end: Any = end, outcomes: Any = outcomes) -> None:
            start.wait(30)
            try:
                adopt(thing)
            except owned.WrongThreadError:
                outcomes.append(False)
            else:
                outcomes.append(state(thing) is State.PRIVATE and isinstance(hash(str(thing)), int))
            end.wait(30)

        crew = [threading.Thread(target=work) for _ in range(threads)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join(30)
        assert sorted(outcomes) == [False] * (threads - 1) + [True]
