# SPDX-License-Identifier: MIT
"""Region: what is born in a block shares, moves and is adopted as one."""

from __future__ import annotations

import asyncio
import gc
import sysconfig
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


# ---- merge -----------------------------------------------------------------------------------------------------------


def test_merge_makes_one_region_of_two() -> None:
    """Under two names: what is done with either is done with all."""
    with Region() as one:
        first = Node()
    with Region() as two:
        second = Node()
    assert one.merge(two) is None
    one.merge(two)  # which they are already
    two.merge(one)
    with two:
        third = Node()
        with pytest.raises(RuntimeError, match="open already"):
            one.__enter__()
    parcel = owned.move(two)
    assert [state(node) for node in (first, second, third)] == [State.IN_TRANSIT] * 3
    assert parcel.claim() is two
    assert one.state == two.state == "private"
    owned.share(one)
    assert owned.lock_of(first) is owned.lock_of(second) is owned.lock_of(third) is owned.lock_of(two)


def test_merge_many() -> None:
    """In a chain as long as it likes to be."""
    everything = Region()
    nodes = []
    for _ in range(1000):
        with Region() as region:
            nodes.append(Node())
        region.merge(everything)
        everything = region
    owned.share(everything)
    assert {state(node) for node in nodes} == {State.SHARED}


def test_merge_into_an_open_region() -> None:
    """The block goes on; what came in goes where the region goes."""
    with Region() as inner:
        node = Node()
    with Region() as outer:
        outer.merge(inner)
        with pytest.raises(RuntimeError, match="still open"):
            inner.merge(Region()) or Region().merge(outer)
        other = Node()
    owned.share(outer)
    assert owned.lock_of(node) is owned.lock_of(other)


def test_merge_into_a_shared_region_needs_its_lock() -> None:
    """As storing there does; what came in is shared under the same lock, a foreign one too."""
    for lock in (owned.Lock(), threading.RLock()):
        region = owned.share(Region(), lock=lock)
        with Region() as other:
            node = Node()
        with pytest.raises(owned.LockNotHeldError, match="tried to merge a Region"):
            region.merge(other)
        assert state(node) is State.PRIVATE
        with lock:
            region.merge(other)
        assert owned.lock_of(node) is lock
        with pytest.raises(owned.LockNotHeldError):
            node.name


def test_merge_of_two_shared_regions() -> None:
    """Under one lock they are one already; under two they stay so for life."""
    lock = owned.Lock()
    one, two = owned.share(Region(), lock=lock), owned.share(Region(), lock=lock)
    one.merge(two)
    three = owned.share(Region())
    with lock, owned.locked(three), pytest.raises(owned.OwnershipError, match="shared under its own lock"):
        one.merge(three)


def test_merge_takes_a_region() -> None:
    """And nothing else."""
    for other in (None, Node(), owned.Lock()):
        with pytest.raises(TypeError, match="`other` must be a Region, got "):
            Region().merge(other)


def test_merge_goes_no_further_unchecked() -> None:
    """A thread that goes unchecked may touch another's objects, and give them to nobody."""
    region = Region()

    def work() -> None:
        with owned.unchecked():
            with pytest.raises(owned.WrongThreadError):
                region.merge(Region())
            with pytest.raises(owned.WrongThreadError):
                Region().merge(region)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert region.state == "private"


def test_merge_is_told_in_strict_mode() -> None:
    """Where an object's region was merged is a step of its life."""
    with owned.strict():
        region = Region()
        with Region() as other:
            node = Node()
        region.merge(other)
        node.name  # which follows its region when it is touched
        assert "merged with its Region at" in owned.explain(node)


# ---- freeze ----------------------------------------------------------------------------------------------------------


def test_freeze_takes_all_that_was_born_in_it(elsewhere: Any) -> None:
    """Connected or not, of every kind, and what came in by merging."""
    with Region() as region:
        one, two = Node("one"), Bag(items=[Node("inside")], table={"a": {1}})
        wrapped = owned.own({"a": [1]})
        with Region() as other:
            three = Node("three")
    region.merge(other)
    outside = Node()
    one.next = outside
    assert owned.freeze(region) is region
    assert region.state == other.state == "frozen"
    for obj in (one, two, three, wrapped, outside):
        assert owned.is_frozen(obj)
    assert elsewhere(lambda: (one.name, two.items[0].name, two.table["a"], wrapped["a"])) == (
        "one",
        "inside",
        frozenset({1}),
        (1,),
    )
    with pytest.raises(owned.FrozenError, match=r"freeze\(Region\) at"):
        three.name = "x"
    assert owned.freeze(region) is region
    with pytest.raises(TypeError, match="thaw"):
        owned.thaw(region)


def test_freeze_is_all_or_nothing() -> None:
    """One object that cannot be frozen, and nothing has changed; the path is told."""
    with Region() as region:
        good, bad = Node(), Node()
    bad.next = threading.Lock()
    with pytest.raises(owned.FreezeError, match=r"Node\.next: a lock cannot be frozen"):
        owned.freeze(region)
    assert region.state == "private"
    good.name = "still mine"
    bad.next = None
    owned.freeze(region)
    assert owned.is_frozen(good)


def test_freeze_refuses_a_container_that_no_object_holds() -> None:
    """Its copy would have no place to go to."""
    for make, name in ((owned.List, "List"), (owned.Dict, "Dict"), (owned.Set, "Set")):
        with Region() as region:
            node, container = Node(), make()
        with pytest.raises(owned.FreezeError, match=f"this {name} at .* was born in the Region, and no object"):
            owned.freeze(region)
        assert state(container) is state(node) is State.PRIVATE
        node.next = container
        owned.freeze(region)
        assert owned.is_frozen(node)
        assert state(container) is State.PRIVATE  # a copy of it is what the node has now
        assert type(node.next).__name__ in ("tuple", "frozendict", "frozenset")
        container.clear()


def test_freeze_is_not_stopped_by_garbage() -> None:
    """A container that only itself holds is collected first."""
    gc.disable()
    try:
        with Region() as region:
            node, items = Node(), owned.List()
            items.append(items)
            del items
        owned.freeze(region)
    finally:
        gc.enable()
    assert owned.is_frozen(node)


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="free-threaded CPython crashes without memory"
)
def test_freeze_without_memory() -> None:
    """Whichever allocation fails: a MemoryError and nothing is frozen, or all is."""
    testcapi = pytest.importorskip("_testcapi")
    frozen_before = owned.freeze(Node())  # so that its class is known
    failures = successes = step = 0
    while successes < 20:
        with Region() as region:
            nodes = [Node(), Node()]
        testcapi.set_nomemory(step, step + 1)
        try:
            owned.freeze(region)
        except (MemoryError, SystemError):  # which CPython makes of one in places
            failed = True
        else:
            failed = False
        finally:
            testcapi.remove_mem_hooks()
        failures, successes = (failures + 1, 0) if failed else (failures, successes + 1)
        assert region.state == ("private" if failed else "frozen")
        for node in nodes:
            assert owned.is_frozen(node) is not failed
            assert not failed or node.rename("mine") == "node"
        step += 1
    assert failures > 20
    assert owned.is_frozen(frozen_before)


def test_freeze_leaves_nothing_behind() -> None:
    """Region after region, and the collector sees no more objects than before."""

    def rounds() -> int:
        for _ in range(20):
            with Region() as region:
                node = Node()
                node.next = owned.List([node])
            owned.freeze(region)
        del node, region
        gc.collect()
        return len(gc.get_objects())

    rounds()
    assert rounds() - rounds() in range(-3, 4)


def test_freeze_of_an_empty_region() -> None:
    """Is frozen, and takes nothing in."""
    region = owned.freeze(Region())
    assert owned.is_frozen(region)
    with pytest.raises(owned.FrozenError):
        region.merge(Region())


# ---- two regions that refer to each other ----------------------------------------------------------------------------


def two_regions() -> tuple[Any, Any, Any, Any]:
    """r1 holds an object that holds one of r2, and the reverse; and both have one more."""
    with Region() as r1:
        one = Node("one")
    with Region() as r2:
        two, alone = Node("two", one), Node("alone")
    one.next = two
    return r1, r2, one, (two, alone)


def test_share_and_move_stay_in_their_region() -> None:
    """They take constant time, and look at no object."""
    r1, r2, one, (two, alone) = two_regions()
    owned.share(r1)
    assert [state(node) for node in (one, two, alone)] == [State.SHARED, State.PRIVATE, State.PRIVATE]
    owned.move(r2)
    with owned.locked(one):
        assert one.next is two
        with pytest.raises(owned.MovedError):
            one.next.name


def test_freeze_goes_across_regions() -> None:
    """Deep, as always: what is reached goes along, and the rest of the other region stays."""
    r1, r2, one, (two, alone) = two_regions()
    owned.freeze(r1)
    assert owned.is_frozen(one)
    assert owned.is_frozen(two)
    assert state(alone) is State.PRIVATE
    assert r2.state == "private"
    owned.share(r2)
    assert [state(node) for node in (two, alone)] == [State.FROZEN, State.SHARED]


def test_freeze_needs_what_it_reaches(elsewhere: Any) -> None:
    """Where that is another thread's, nothing is frozen."""
    r1, _, one, _ = two_regions()
    one.next = elsewhere(Node)
    with pytest.raises(owned.OrphanedError):
        owned.freeze(r1)
    assert r1.state == "private"
    one.name = "still mine"


# ---- generators and coroutines ---------------------------------------------------------------------------------------


def test_a_generator_suspended_in_a_block() -> None:
    """The block stays open meanwhile, and what its thread makes is born there."""
    region = Region()

    def produce() -> Any:
        with region:
            yield Node()
            yield Node()

    nodes = []
    for node in produce():
        nodes += [node, Node()]
    outside = Node()
    owned.share(region)
    assert {state(node) for node in nodes} == {State.SHARED}
    assert state(outside) is State.PRIVATE


def test_a_generator_closed_inside_a_later_block() -> None:
    """Out of order: an error, and its block stays open until it is closed."""
    early, late = Region(), Region()

    def produce() -> Any:
        with early:
            yield

    steps = produce()
    next(steps)
    with late:
        with pytest.raises(RuntimeError, match="innermost first"):
            steps.close()
        node = Node()
    still = Node()
    early.__exit__(None, None, None)
    outside = Node()
    owned.share(early)
    owned.share(late)
    assert [state(one) for one in (node, still, outside)] == [State.SHARED, State.SHARED, State.PRIVATE]


def test_an_await_in_a_block() -> None:
    """Another task's objects are born in it; and tasks that overlap close out of order."""
    region = Region()
    made: list[Any] = []

    async def hold() -> None:
        with region:
            await asyncio.sleep(0)

    async def other() -> None:
        made.append(Node())

    async def overlapping() -> None:
        with Region():
            await asyncio.sleep(0)

    async def both(first: Any, second: Any) -> None:
        await asyncio.gather(first, second)

    asyncio.run(both(hold(), other()))
    owned.share(region)
    assert state(made[0]) is State.SHARED
    region = Region()
    with pytest.raises(RuntimeError, match="innermost first"):
        asyncio.run(both(hold(), overlapping()))
    region.__exit__(None, None, None)  # it was left open, and the other was closed when its task was cancelled
    assert state(Node()) is State.PRIVATE


def test_moved_twice() -> None:
    """The second is refused, and the first parcel is as good as before."""
    region = Region()
    parcel = owned.move(region)
    with pytest.raises(owned.MovedError):
        owned.move(region)
    assert parcel.claim() is region
    with pytest.raises(owned.MovedError):
        parcel.claim()
