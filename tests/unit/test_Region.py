# SPDX-License-Identifier: MIT
"""Region: what is born in a block shares, moves and is adopted as one."""

from __future__ import annotations

import threading
import weakref
from typing import Any

import pytest

import owned
from guarded import Bag, Node
from owned import Region, State, state


def test_objects_are_born_in_the_open_block() -> None:
    """And those made before and after are not."""
    before = Node()
    with Region() as region:
        inside = Node()
    after = Node()
    owned.move(region)
    assert [state(node) for node in (before, inside, after)] == [State.PRIVATE, State.IN_TRANSIT, State.PRIVATE]


def test_blocks_nest() -> None:
    """The innermost is where objects are born."""
    with Region() as outer:
        first = Node()
        with Region() as inner:
            second = Node()
        third = Node()
    owned.share(inner)
    assert [state(node) for node in (first, second, third)] == [State.PRIVATE, State.SHARED, State.PRIVATE]
    owned.share(outer)
    assert state(third) is State.SHARED


def test_a_region_is_entered_again() -> None:
    """Later blocks add to it, one at a time."""
    region = Region()
    with region:
        first = Node()
    with region:
        second = Node()
        with pytest.raises(RuntimeError, match="open already"):
            region.__enter__()
    owned.share(region)
    assert state(first) is state(second) is State.SHARED


def test_an_exception_closes_the_block() -> None:
    """What was made stays in the region, private."""
    region = Region()
    nodes: list[Any] = []
    with pytest.raises(ZeroDivisionError), region:
        nodes.append(Node())
        1 / 0
    outside = Node()
    owned.share(region)
    assert state(nodes[0]) is State.SHARED
    assert state(outside) is State.PRIVATE


def test_blocks_close_innermost_first() -> None:
    """Out of order is an error that changes nothing."""
    outer, inner = Region(), Region()
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(RuntimeError, match="innermost first"):
        outer.__exit__(None, None, None)
    inner.__exit__(None, None, None)
    outer.__exit__(None, None, None)
    with pytest.raises(RuntimeError):
        outer.__exit__(None, None, None)


def test_a_block_belongs_to_its_thread(elsewhere: Any) -> None:
    """Another thread may neither open nor close it."""
    region = Region()
    with pytest.raises(owned.WrongThreadError, match="tried to enter"):
        elsewhere(region.__enter__)
    with region:
        with pytest.raises(RuntimeError, match="by the thread that opened them"):
            elsewhere(region.__exit__, None, None, None)
        assert state(Node()) is State.PRIVATE


def test_a_thread_that_ends_inside_a_block() -> None:
    """The block is closed for it, and the region is an orphan like the rest."""
    kept: list[Any] = []

    def work() -> None:
        region = Region()
        region.__enter__()
        kept.extend([region, Node()])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    region, node = kept
    assert state(node) is State.ORPHANED
    owned.adopt(region)
    assert node.name == "node"
    with region:
        assert Node().name == "node"


def test_an_object_alone_is_taken_out_of_a_region() -> None:
    """share(obj) of one object leaves the others in the region."""
    with Region() as region:
        one, two = Node(), Node()
    owned.share(one)
    assert state(two) is State.PRIVATE
    parcel = owned.move(region)
    assert state(one) is State.SHARED
    assert state(two) is State.IN_TRANSIT
    assert parcel.claim() is region


def test_wrapped_objects_go_where_their_region_goes() -> None:
    """own() inside a block: shared and moved with the region, not alone."""
    with Region() as region:
        wrapped = owned.own([1])
        holder = Bag(wrapped=wrapped)
    with pytest.raises(owned.OwnershipError, match="share or move the region"):
        owned.share(wrapped)
    with pytest.raises(owned.OwnershipError, match="share or move the region"):
        owned.move(holder)
    assert state(holder) is State.PRIVATE
    owned.share(region)
    assert state(wrapped) is State.SHARED


def test_a_region_dies() -> None:
    """Nothing keeps an empty region."""
    region = Region()
    ref = weakref.ref(region)
    with region:
        node = Node()
    del region
    assert ref() is not None
    del node
    assert ref() is None


def test_takes_no_arguments_and_no_subclasses() -> None:
    """A region is made by Region() alone."""
    with pytest.raises(TypeError):
        Region(1)
    with pytest.raises(TypeError):
        type("Sub", (Region,), {})
