# SPDX-License-Identifier: MIT
"""share(obj, lock=...): deep, two-phase, and joined by what is stored later."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

import owned
from guarded import Bag, Node
from owned import State, lock_of, share, state


def test_returns_the_object_under_the_lock() -> None:
    """Share gives back its argument; lock_of tells the lock; holding it is all it takes."""
    lock = owned.Lock()
    node = Node()
    assert share(node, lock=lock) is node
    assert state(node) is State.SHARED
    assert lock_of(node) is lock
    with lock:
        assert node.name == "node"


def test_without_the_lock_every_thread_is_refused(elsewhere: Any) -> None:
    """The sharer too needs the lock."""
    node = share(Node())
    with pytest.raises(owned.LockNotHeldError, match="which nobody holds"):
        node.name
    with pytest.raises(owned.LockNotHeldError):
        elsewhere(node.rename, "other")


def test_another_holder_is_named(elsewhere: Any) -> None:
    """The message says who holds the lock meanwhile."""
    node = share(Node())
    with lock_of(node), pytest.raises(owned.LockNotHeldError, match="which thread 'MainThread' holds"):
        elsewhere(getattr, node, "name")


def test_default_lock_is_a_new_rlock() -> None:
    """Each share without a lock makes one of its own."""
    one, two = share(Node()), share(Node())
    assert isinstance(lock_of(one), owned.RLock)
    assert lock_of(one) is not lock_of(two)


def test_is_deep_through_fields_containers_and_tuples() -> None:
    """All that the object reaches and this thread owns goes along."""
    leaf, kept = Node("leaf"), Node("kept")
    root = Bag(a=Node("a"), many=[Node("b"), {"k": Node("c")}], pair=(Node("d"), frozenset([Node("e")])), leaf=leaf)
    share(root)
    with lock_of(root):
        reached = [root, root.a, root.many, root.many[0], root.many[1], root.many[1]["k"], root.pair[0], root.leaf]
        assert {lock_of(obj) for obj in reached} == {lock_of(root)}
        assert {lock_of(obj) for obj in root.pair[1]} == {lock_of(root)}
    assert state(kept) is State.PRIVATE


def test_what_belongs_to_another_region_stays_there(elsewhere: Any) -> None:
    """An object of another thread, or under another lock, keeps its own owner, and what is behind it is not walked."""
    other_lock = owned.RLock()
    behind = Node("behind")
    shared = share(Node("shared", next=behind), lock=other_lock)
    foreign = elsewhere(lambda: Node("foreign"))
    root = share(Bag(shared=shared, foreign=foreign))
    assert lock_of(shared) is other_lock
    assert lock_of(behind) is other_lock
    assert state(foreign) is State.ORPHANED
    assert lock_of(root) is not other_lock


def test_cycles_and_shared_parts() -> None:
    """A graph with cycles is walked once."""
    a, b = Node("a"), Node("b")
    a.next, b.next = b, a
    a.children = [b, b]
    share(a)
    assert lock_of(a) is lock_of(b)


def test_a_million_levels_deep() -> None:
    """No recursion: neither in the walk nor when the graph dies."""

    @owned.owned
    class Link:
        __slots__ = ("__weakref__", "next")

        def __init__(self, next: Any) -> None:
            self.next = next

    top = Link(None)
    bottom = weakref.ref(top)
    for _ in range(1_000_000):
        top = Link(top)
    share(top)
    assert lock_of(bottom()) is lock_of(top)
    del top
    assert bottom() is None


def test_what_is_stored_later_joins() -> None:
    """What a shared object holds is shared: stored privates join, plain containers become guarded ones."""
    root = share(Node())
    child = Node("child", next=Node("grandchild"))
    with lock_of(root):
        root.next = child
        root.children = [Node("in a list")]
        assert lock_of(child.next) is lock_of(root)
        assert lock_of(root.children) is lock_of(root)
        assert lock_of(root.children[0]) is lock_of(root)
    with pytest.raises(owned.LockNotHeldError):
        child.name


def test_a_stored_container_is_copied_with_its_shape() -> None:
    """Shared and cyclic plain containers keep their shape inside."""
    inner: list[Any] = [1]
    outer: dict[str, Any] = {"one": inner, "two": inner}
    outer["self"] = outer
    bag = Bag(data=outer)
    assert bag.data is not outer
    assert bag.data["one"] is bag.data["two"]
    assert bag.data["self"] is bag.data
    assert type(bag.data) is owned.Dict
    assert type(bag.data["one"]) is owned.List


def test_a_region_is_shared_whole() -> None:
    """share(region) takes all that was born in it, without naming any of it."""
    with owned.Region() as region:
        nodes = [Node(str(i)) for i in range(10)]
    lock = owned.RLock()
    share(region, lock=lock)
    assert {lock_of(node) for node in nodes} == {lock}
    with lock:
        assert [node.name for node in nodes] == [str(i) for i in range(10)]
    assert state(region) is State.SHARED


def test_a_wrapper_takes_along_what_came_out_of_it() -> None:
    """A membrane is shared as a whole."""
    wrapped = owned.own({"inner": [1, 2]})
    inner = wrapped["inner"]
    share(wrapped)
    with pytest.raises(owned.LockNotHeldError):
        inner.append(3)
    with lock_of(wrapped):
        inner.append(3)
        assert wrapped["inner"] == [1, 2, 3]


@pytest.mark.parametrize("value", [None, 1, "text", [1], {}, object(), Node, len, threading.Lock()])
def test_refuses_what_is_not_guarded(value: object) -> None:
    """The message names the way out."""
    with pytest.raises(TypeError, match=r"share\(\) takes a guarded object .* got .*: wrap it first"):
        share(value)


@pytest.mark.parametrize(
    "lock", [1, "lock", object(), threading.Lock(), threading.Semaphore(), threading.Event(), Node]
)
def test_refuses_what_is_no_lock(lock: object) -> None:
    """And the object stays private."""
    node = Node()
    with pytest.raises(TypeError, match="lock"):
        share(node, lock=lock)
    assert state(node) is State.PRIVATE


def test_refuses_a_second_lock() -> None:
    """An object has one lock for life."""
    node = share(Node())
    with pytest.raises(owned.OwnershipError, match="shared already"):
        share(node, lock=owned.RLock())


def test_refuses_what_is_not_mine(elsewhere: Any) -> None:
    """Only the owner shares."""
    node = Node()
    with pytest.raises(owned.WrongThreadError, match="tried to share a Node"):
        elsewhere(share, node)
    assert state(node) is State.PRIVATE


def test_refuses_an_open_region() -> None:
    """A region is shared when its block is closed."""
    with owned.Region() as region, pytest.raises(RuntimeError, match="still open"):
        share(region)
    assert state(region) is State.PRIVATE


def test_one_lock_guards_many_and_dies_with_them() -> None:
    """The objects keep their lock alive, and nothing else does."""
    lock = owned.RLock()
    ref = weakref.ref(lock)
    nodes = [share(Node(), lock=lock) for _ in range(100)]
    del lock
    gc.collect()
    assert ref() is lock_of(nodes[0])
    del nodes
    gc.collect()
    assert ref() is None


def test_an_object_that_holds_its_own_lock_is_collected() -> None:
    """The usual self.lock = RLock(); share(self, lock=self.lock) makes no cycle that stays."""

    @owned.owned
    class Account:
        def __init__(self) -> None:
            self.lock = threading.RLock()
            self.me = self
            share(self, lock=self.lock)

    account = Account()
    ref = weakref.ref(account)
    del account
    gc.collect()
    assert ref() is None
