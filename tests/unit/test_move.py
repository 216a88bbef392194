# SPDX-License-Identifier: MIT
"""move(obj) and Parcel.claim(): handed over, deep, once."""

from __future__ import annotations

import copy
import gc
import queue
import threading
import weakref
from typing import Any

import pytest

import owned
from guarded import Bag, Node
from owned import State, move, owner, state


def test_nobody_may_touch_until_it_is_claimed(elsewhere: Any) -> None:
    """Neither the sender nor anybody else; the message says when and where it was moved."""
    node = Node()
    parcel = move(node)
    assert state(node) is State.IN_TRANSIT
    for run in (lambda f: f(), elsewhere):
        with pytest.raises(owned.MovedError, match=r"move\(Node\) at .*test_move.py:\d+ in .*, by thread 'MainThread'"):
            run(lambda: node.name)
    assert parcel.claim() is node
    assert node.name == "node"


def test_the_claimer_owns_it(elsewhere: Any) -> None:
    """After the claim the sender is refused and the claimer is not."""
    node = Node(next=Node("inner"))
    parcel = move(node)

    def claim() -> tuple[str, str, bool]:
        mine = parcel.claim()
        with pytest.raises(owned.WrongThreadError):
            raise_from_main(mine)
        return mine.name, mine.next.name, owner(mine).name == threading.current_thread().name

    def raise_from_main(mine: Any) -> None:
        errors: list[BaseException] = []

        def touch() -> None:
            try:
                mine.name
            except owned.WrongThreadError as error:
                errors.append(error)

        thread = threading.Thread(target=touch)
        thread.start()
        thread.join(30)
        raise errors[0]

    assert elsewhere(claim) == ("node", "inner", True)


def test_is_deep_and_leaves_the_rest() -> None:
    """The caller's private objects go along, shared and frozen ones stay as they are."""
    shared = owned.share(Node("shared"))
    kept = Node("kept")
    root = Bag(child=Node("child"), many=[Node("many")], shared=shared)
    child, many = root.child, root.many
    move(root)
    assert state(child) is State.IN_TRANSIT
    assert state(many) is State.IN_TRANSIT
    assert state(shared) is State.SHARED
    assert state(kept) is State.PRIVATE


def test_a_claimed_graph_moves_on_with_what_was_added(elsewhere: Any) -> None:
    """A pipeline: claim, add objects of one's own, move on."""
    parcel = move(Node("first"))

    def stage() -> Any:
        node = parcel.claim()
        node.next = Node("second")
        return move(node)

    node = elsewhere(stage).claim()
    assert (node.name, node.next.name) == ("first", "second")


def test_a_parcel_is_claimed_once() -> None:
    """The second claim says who was first and where."""
    parcel = move(Node())
    parcel.claim()
    with pytest.raises(owned.MovedError, match=r"has been claimed: claim\(Parcel\) at .*test_move.py:\d+"):
        parcel.claim()


def test_of_many_claimers_one_wins() -> None:
    """Eight threads claim at once; one gets it, seven get MovedError."""
    for _ in range(50):
        parcel = move(Node())
        barrier = threading.Barrier(8)
        outcomes: queue.SimpleQueue[str] = queue.SimpleQueue()

        def claim(parcel: Any = parcel, barrier: Any = barrier, outcomes: Any = outcomes) -> None:
            barrier.wait(30)
            try:
                outcomes.put(parcel.claim().name)
            except owned.MovedError:
                outcomes.put("late")

        threads = [threading.Thread(target=claim) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        results = [outcomes.get_nowait() for _ in threads]
        assert sorted(results) == ["late"] * 7 + ["node"]


def test_an_addressed_parcel_is_for_one_thread(elsewhere: Any) -> None:
    """move(obj, to=thread): others are refused, and it is still there for the addressee."""
    claimed: list[str] = []
    thread = threading.Thread(target=lambda: claimed.append(parcel.claim().name))
    parcel = move(Node(), to=thread)
    with pytest.raises(owned.WrongThreadError, match="addressed to"):
        parcel.claim()
    with pytest.raises(owned.WrongThreadError, match="addressed to"):
        elsewhere(parcel.claim)
    thread.start()
    thread.join(30)
    assert claimed == ["node"]


def test_a_region_moves_whole(elsewhere: Any) -> None:
    """move(region): everything born in it goes, however much it is."""
    with owned.Region() as region:
        nodes = [Node(str(i)) for i in range(100)]
    parcel = move(region)
    assert {state(node) for node in nodes} == {State.IN_TRANSIT}

    def claim() -> list[str]:
        assert parcel.claim() is region
        return [node.name for node in nodes]

    assert elsewhere(claim) == [str(i) for i in range(100)]


def test_a_wrapper_moves_with_what_came_out_of_it(elsewhere: Any) -> None:
    """A membrane travels as a whole."""
    wrapped = owned.own({"inner": [1]})
    inner = wrapped["inner"]
    parcel = move(wrapped)
    with pytest.raises(owned.MovedError):
        inner.append(2)

    def claim() -> int:
        parcel.claim()["inner"].append(2)
        return len(inner)

    assert elsewhere(claim) == 2


def test_an_unclaimed_parcel_is_garbage() -> None:
    """Its content dies with it when nobody else refers to it."""
    node = Node()
    ref = weakref.ref(node)
    parcel = move(node)
    del node
    assert "unclaimed" in repr(parcel)
    del parcel
    gc.collect()
    assert ref() is None


def test_repr_tells_the_story() -> None:
    """Who moved what where, and who claimed it."""
    parcel = move(Node())
    assert "unclaimed, move(Node) at" in repr(parcel)
    parcel.claim()
    assert "claim(Parcel) at" in repr(parcel)


@pytest.mark.parametrize("value", [None, 1, "text", [1], object(), Node])
def test_refuses_what_is_not_guarded(value: object) -> None:
    """The message names the way out."""
    with pytest.raises(TypeError, match=r"move\(\) takes a guarded object .* wrap it first"):
        move(value)


@pytest.mark.parametrize("to", [1, "thread", object(), threading.Thread])
def test_refuses_what_is_no_thread(to: object) -> None:
    """And the object stays private."""
    node = Node()
    with pytest.raises(TypeError, match=r"`to` must be a threading.Thread, a multiprocessing.Process or None"):
        move(node, to=to)
    assert state(node) is State.PRIVATE


def test_refuses_shared_objects_and_open_regions() -> None:
    """They belong to no thread, or are being filled."""
    with pytest.raises(owned.OwnershipError, match="belongs to no thread"):
        move(owned.share(Node()))
    with owned.Region() as region, pytest.raises(RuntimeError, match="still open"):
        move(region)


def test_a_parcel_is_neither_made_nor_copied() -> None:
    """It is made by move, and is one."""
    parcel = move(Node())
    with pytest.raises(TypeError):
        type(parcel)()
    for copied in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"a Parcel cannot be copied.*claim\(\) it and copy that"):
            copied(parcel)
    assert parcel.claim().name == "node"
