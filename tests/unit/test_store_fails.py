# SPDX-License-Identifier: MIT
"""A store that fails leaves the value as it was, and the container too; one that succeeds lets the value join."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import owned
from guarded import Bag, Node
from memory import out_of_memory


class HostileError(Exception):
    """What the hostile classes here raise."""


@owned.owned
class Key:
    """Hashes like any other key; raises where it is told to."""

    __slots__ = ("fails", "name")

    def __init__(self, name: str, fails: str = "") -> None:
        self.name = name
        self.fails = fails

    def __hash__(self) -> int:
        if self.fails == "hash":
            raise HostileError
        return 1

    def __eq__(self, other: object) -> bool:
        if self.fails == "eq" or (isinstance(other, Key) and other.fails == "eq"):
            raise HostileError
        return isinstance(other, Key) and self.name == other.name


@owned.owned
class Closed:
    """One field in a slot, and a property that takes nothing."""

    __slots__ = ("field",)

    def __init__(self) -> None:
        self.field = 1

    @property
    def refusing(self) -> int:
        """Read only in effect."""
        return 1

    @refusing.setter
    def refusing(self, value: object) -> None:
        raise HostileError


class Plain:
    """What own() wraps."""

    def __init__(self) -> None:
        self.items: list[Any] = [1, 2]
        self.kept: Any = None

    @property
    def refusing(self) -> int:
        """Read only in effect."""
        return 1

    @refusing.setter
    def refusing(self, value: object) -> None:
        raise HostileError

    def __setitem__(self, key: object, value: object) -> None:
        raise HostileError


class Refusing(owned.List):
    """A List with a property that takes nothing."""

    @property
    def refusing(self) -> int:
        """Read only in effect."""
        return 1

    @refusing.setter
    def refusing(self, value: object) -> None:
        raise HostileError


@pytest.fixture
def lock() -> Iterator[owned.RLock]:
    """A lock that this thread holds for the whole test."""
    lock = owned.RLock()
    with lock:
        yield lock


@pytest.fixture
def node() -> Node:
    """A private node with something behind it."""
    return Node("outer", Node("inner"))


def is_private(*objects: Any) -> bool:
    """Private to this thread, which can write to all of them."""
    for obj in objects:
        if isinstance(obj, Node):
            obj.rename(obj.name)
    return all(
        owned.state(obj) == "private" and owned.owner(obj).name == threading.current_thread().name for obj in objects
    )


def is_shared(lock: owned.RLock, *objects: Any) -> bool:
    """Guarded by that lock."""
    return all(owned.lock_of(obj) is lock for obj in objects)


def half_way(*values: Any) -> Iterator[Any]:
    """Yield the values, then raise."""
    yield from values
    raise HostileError


# ---- attributes ----------------------------------------------------------------------------------------------------


def test_slot(lock: owned.RLock, node: Node) -> None:
    """A slot takes the value, which joins with all behind it; one that a slot's class does not have leaves it alone."""
    closed = owned.share(Closed(), lock=lock)
    with pytest.raises(AttributeError):
        closed.missing = node
    with pytest.raises(HostileError):
        closed.refusing = node
    assert is_private(node, node.next)
    closed.field = node
    assert closed.field is node
    assert is_shared(lock, node, node.next)


def test_slot_of_another_class(lock: owned.RLock, node: Node) -> None:
    """A slot that does not fit the instance stores nothing."""
    closed = owned.share(Closed(), lock=lock)
    with pytest.raises(TypeError):
        Node.name.__set__(closed, node)
    assert is_private(node, node.next)


@pytest.mark.parametrize("name", [1, None, b"x"])
def test_dict_class_with_no_name(lock: owned.RLock, node: Node, name: Any) -> None:
    """A name that is no string is refused, and the value stays private."""
    bag = owned.share(Bag(), lock=lock)
    with pytest.raises(TypeError):
        owned.Owned.__setattr__(bag, name, node)
    assert vars(bag) == {}
    assert is_private(node, node.next)


def test_dict_class_without_a_setter(lock: owned.RLock, node: Node) -> None:
    """A read-only property of a class with a dict leaves the value private; a field takes it, and it joins."""

    @owned.owned
    class Half:
        fixed = property(lambda self: 1)

    half = owned.share(Half(), lock=lock)
    with pytest.raises(AttributeError):
        half.fixed = node
    assert is_private(node, node.next)
    half.field = node
    assert half.field is node
    assert is_shared(lock, node, node.next)


def test_attribute_of_a_list(lock: owned.RLock, node: Node) -> None:
    """A raising property of a List's subclass, or a List without attributes, leaves the value private."""
    items = owned.share(Refusing([1]), lock=lock)
    with pytest.raises(HostileError):
        items.refusing = node
    with pytest.raises(AttributeError):
        owned.share(owned.List(), lock=lock).attribute = node
    assert is_private(node, node.next)
    items.attribute = node
    assert is_shared(lock, node, node.next)


# ---- List ----------------------------------------------------------------------------------------------------------


def insert_nowhere(items: Any, node: Any) -> None:
    """Insert at what is no index."""
    items.insert("first", node)


def extend_half_way(items: Any, node: Any) -> None:
    """Extend from a generator that raises."""
    items.extend(half_way(node, [node]))


def add_half_way(items: Any, node: Any) -> None:
    """The same by the operator."""
    items += half_way(node)


def extended_slice(items: Any, node: Any) -> None:
    """One value for two places."""
    items[::2] = [node]


def slice_half_way(items: Any, node: Any) -> None:
    """A slice from a generator that raises."""
    items[0:1] = half_way(node)


def set_past_the_end(items: Any, node: Any) -> None:
    """An index that is not there."""
    items[3] = node


def set_nested_past_the_end(items: Any, node: Any) -> None:
    """The same with the node inside a plain container."""
    items[3] = [{"a": (node,)}]


@pytest.mark.parametrize(
    ("store", "error"),
    [
        (insert_nowhere, TypeError),
        (extend_half_way, HostileError),
        (add_half_way, HostileError),
        (extended_slice, ValueError),
        (slice_half_way, HostileError),
        (set_past_the_end, IndexError),
        (set_nested_past_the_end, IndexError),
        (lambda items, node: items.__init__(half_way(node)), HostileError),
    ],
)
def test_list(lock: owned.RLock, node: Node, store: Callable[[Any, Any], None], error: type[Exception]) -> None:
    """Whatever fails in a List, the value is private and the List as it was."""
    items = owned.share(owned.List([1, 2, 3]), lock=lock)
    with pytest.raises(error):
        store(items, node)
    assert items == [1, 2, 3]
    assert is_private(node, node.next)


@pytest.mark.parametrize(
    "store",
    [
        lambda items, node: items.append(node),
        lambda items, node: items.insert(0, node),
        lambda items, node: items.extend(iter([node])),
        lambda items, node: items.__iadd__([node]),
        lambda items, node: items.__setitem__(slice(0, 1), [node]),
        lambda items, node: items.__setitem__(slice(0, 3, 2), [node, node]),
        lambda items, node: items.__setitem__(0, node),
        lambda items, node: items.append([{"a": (node,)}]),
        lambda items, node: items.__init__([node]),
    ],
)
def test_list_stored(lock: owned.RLock, node: Node, store: Callable[[Any, Any], None]) -> None:
    """What is stored in a shared List has joined when the call returns."""
    items = owned.share(owned.List([1, 2, 3]), lock=lock)
    store(items, node)
    assert is_shared(lock, node, node.next)


# ---- Dict ----------------------------------------------------------------------------------------------------------


def set_item(items: Any, key: Any, node: Any) -> None:
    """Store under the key."""
    items[key] = node


def update(items: Any, key: Any, node: Any) -> None:
    """Store it behind another."""
    items.update([("before", Node()), (key, node)])


def merge(items: Any, key: Any, node: Any) -> None:
    """The same by the operator."""
    items |= [("before", Node()), (key, node)]


def set_default(items: Any, key: Any, node: Any) -> None:
    """Store it unless something is there."""
    items.setdefault(key, node)


STORES = [set_item, update, merge, set_default]


@pytest.mark.parametrize("fails", ["hash", "eq"])
@pytest.mark.parametrize("store", STORES)
def test_dict(lock: owned.RLock, node: Node, store: Callable[[Any, Any, Any], None], fails: str) -> None:
    """A key that raises while it is hashed or compared is not stored, nor is its value, nor what came before it."""
    there = Key("there")
    items = owned.share(owned.Dict({there: 1}), lock=lock)
    key = Key("new", fails)
    with pytest.raises(HostileError):
        store(items, key, node)
    assert list(items.items()) == [(there, 1)]
    assert is_private(node, node.next, key)


@pytest.mark.parametrize("store", STORES)
def test_dict_with_a_hostile_key_inside(lock: owned.RLock, node: Node, store: Callable[[Any, Any, Any], None]) -> None:
    """The same where the key that raises is the one that is there already."""
    there = Key("there")
    items = owned.share(owned.Dict({there: 1}), lock=lock)
    there.fails = "eq"
    key = Key("new")
    with pytest.raises(HostileError):
        store(items, key, node)
    assert list(items.values()) == [1]
    assert is_private(node, node.next, key)


def test_dict_update_half_way(lock: owned.RLock, node: Node) -> None:
    """An iterable of pairs that raises, or yields what is no pair, leaves everything as it was."""
    items = owned.share(owned.Dict(a=1), lock=lock)
    with pytest.raises(HostileError):
        items.update(half_way(("b", node)))
    with pytest.raises(TypeError):
        items.update([("b", node), None])
    assert items == {"a": 1}
    assert is_private(node, node.next)


def test_dict_unhashable_key(lock: owned.RLock, node: Node) -> None:
    """A key that cannot be hashed leaves the value private."""
    items = owned.share(owned.Dict(), lock=lock)
    with pytest.raises(TypeError):
        items[([node],)] = node
    with pytest.raises(TypeError):
        items[[node]] = node
    assert items == {}
    assert is_private(node, node.next)


@pytest.mark.parametrize("store", STORES)
def test_dict_stored(lock: owned.RLock, node: Node, store: Callable[[Any, Any, Any], None]) -> None:
    """Key and value have joined when the call returns."""
    items = owned.share(owned.Dict({Key("there"): 1}), lock=lock)
    key = Key("new")
    store(items, key, node)
    assert items[key] is node
    assert is_shared(lock, node, node.next, key)


def test_dict_keeps_its_own_key(lock: owned.RLock, node: Node) -> None:
    """An equal key is there: the new value joins, and the new key, which is not stored, stays private."""
    there = Key("same")
    items = owned.share(owned.Dict({there: 1}), lock=lock)
    key = Key("same")
    items[key] = node
    assert is_shared(lock, node, node.next)
    assert is_private(key)
    assert next(iter(items)) is there


def test_dict_unneeded_default(lock: owned.RLock, node: Node) -> None:
    """A default that is not needed stays private, and so does its key."""
    items = owned.share(owned.Dict({Key("same"): 1}), lock=lock)
    key = Key("same")
    assert items.setdefault(key, node) == 1
    assert is_private(node, node.next, key)


# ---- Set -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fails", ["hash", "eq"])
@pytest.mark.parametrize(
    "store",
    [
        lambda items, key: items.add(key),
        lambda items, key: items.update([Node(), key]),
        lambda items, key: items.__ior__({key}),
        lambda items, key: items.symmetric_difference_update([key]),
    ],
)
def test_set(lock: owned.RLock, store: Callable[[Any, Any], None], fails: str) -> None:
    """A key that raises while it is hashed or compared is not stored."""
    there = Key("there")
    items = owned.share(owned.Set([there]), lock=lock)
    key = Key("new", fails)
    with pytest.raises(HostileError):
        store(items, key)
    assert list(items) == [there]
    assert is_private(key)


def test_set_stored(lock: owned.RLock) -> None:
    """A key that is added has joined; one that equals another that is there stays private."""
    items = owned.share(owned.Set([Key("there")]), lock=lock)
    key, more, same = Key("new"), Key("more"), Key("there")
    items.add(key)
    items |= {more}
    items.add(same)
    assert len(items) == 3
    assert is_shared(lock, key, more)
    assert is_private(same)


# ---- wrappers ------------------------------------------------------------------------------------------------------


def set_property(wrapper: Any, node: Any) -> None:
    """A property that raises."""
    wrapper.refusing = node


def set_bad_index(wrapper: Any, node: Any) -> None:
    """A list's item that is not there."""
    wrapper.items[5] = node


def set_refused_item(wrapper: Any, node: Any) -> None:
    """A __setitem__ that raises."""
    wrapper["key"] = node


@pytest.mark.parametrize(
    ("store", "error"), [(set_property, HostileError), (set_bad_index, IndexError), (set_refused_item, HostileError)]
)
def test_wrapper(lock: owned.RLock, node: Node, store: Callable[[Any, Any], None], error: type[Exception]) -> None:
    """What a wrapped object does not take stays private."""
    wrapper = owned.share(owned.own(Plain()), lock=lock)
    with pytest.raises(error):
        store(wrapper, node)
    assert wrapper.kept is None
    assert list(wrapper.items) == [1, 2]
    assert is_private(node, node.next)


def test_wrapper_refused_wrapper(lock: owned.RLock) -> None:
    """The same for a wrapper, whose whole membrane would join."""
    wrapper = owned.share(owned.own(Plain()), lock=lock)
    other = owned.own(Plain())
    with pytest.raises(HostileError):
        wrapper.refusing = other
    assert is_private(other, other.items)
    wrapper.kept = other
    assert is_shared(lock, other, other.items)


def test_wrapper_stored(lock: owned.RLock, node: Node) -> None:
    """What a wrapped object takes has joined."""
    wrapper = owned.share(owned.own(Plain()), lock=lock)
    wrapper.kept = node
    more = Node("more")
    wrapper.items[0] = more
    assert is_shared(lock, node, node.next, more)


# ---- no memory -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "store"),
    [
        (Closed, lambda made, node: setattr(made, "field", node)),
        (Closed, lambda made, node: setattr(made, "field", [node])),
        (lambda: Bag(a=1), lambda made, node: setattr(made, "field", node)),
        (lambda: owned.List([1]), lambda made, node: made.append(node)),
        (lambda: owned.List([1]), lambda made, node: made.insert(0, node)),
        (lambda: owned.List([1]), lambda made, node: made.extend([node, [node]])),
        (lambda: owned.List([1]), lambda made, node: made.__setitem__(slice(0, 0), [node])),
        (lambda: owned.Dict(a=1), lambda made, node: made.__setitem__("b", node)),
        (lambda: owned.Dict(a=1), lambda made, node: made.__setitem__(node, 1)),
        (lambda: owned.Dict(a=1), lambda made, node: made.setdefault("b", [node])),
        (lambda: owned.Dict(a=1), lambda made, node: made.update(b=node)),
        (lambda: owned.Set([1]), lambda made, node: made.add(node)),
        (lambda: owned.Set([1]), lambda made, node: made.update([node])),
        (lambda: owned.own([1]), lambda made, node: made.append(node)),
        (lambda: owned.own(Plain()), lambda made, node: setattr(made, "more", node)),
        (lambda: owned.own({}), lambda made, node: made.__setitem__("b", node)),
    ],
)
def test_no_memory(lock: owned.RLock, make: Callable[[], Any], store: Callable[[Any, Any], None]) -> None:
    """Whichever allocation fails, the value is private and usable."""
    made = node = None

    def reset() -> None:
        nonlocal made, node
        made, node = owned.share(make(), lock=lock), Node("outer", Node("inner"))

    def unchanged() -> None:
        assert is_private(node, node.next)

    out_of_memory(lambda: store(made, node), unchanged, reset)


# ---- what runs during the store ------------------------------------------------------------------------------------


def test_shared_meanwhile(lock: owned.RLock) -> None:
    """What the key's own __hash__ shares under another lock stays under that."""
    other = owned.RLock()
    value, behind = Node("value", Node("next")), Node("behind")
    value.children.append(behind)

    @owned.owned
    class Sharing:
        __slots__ = ()

        def __hash__(self) -> int:
            if owned.state(behind) == "private":
                owned.share(behind, lock=other)
            return 1

        def __eq__(self, other: object) -> bool:
            return self is other

    items = owned.share(owned.Dict(), lock=lock)
    key = Sharing()
    items[key] = value
    assert is_shared(lock, key, value, value.next, value.children)
    assert is_shared(other, behind)


def test_shared_whole_meanwhile(lock: owned.RLock) -> None:
    """The same for what own() gave, which goes as a whole."""
    other = owned.RLock()
    value = owned.own(Plain())

    class Taking:
        @property
        def field(self) -> None:
            return None

        @field.setter
        def field(self, value: Any) -> None:
            owned.share(value, lock=other)

    wrapper = owned.share(owned.own(Taking()), lock=lock)
    wrapper.field = value
    assert is_shared(other, value)
    with other:
        assert list(value.items) == [1, 2]


@pytest.mark.parametrize("make", [lambda: Closed(), lambda: Bag(field=1)])
def test_finalizer_of_the_old_value(
    lock: owned.RLock, node: Node, make: Callable[[], Any], elsewhere: Callable[..., Any]
) -> None:
    """The finalizer of what is replaced can use the new value; other threads cannot, even where it frees the lock."""
    holder = owned.share(make(), lock=lock)
    seen: list[str] = []

    class Old:
        def __del__(self) -> None:
            seen.append(holder.field.rename("renamed"))
            lock.release()
            try:
                with pytest.raises(owned.OwnershipError):
                    elsewhere(node.rename, "stolen")
            finally:
                lock.acquire()

    holder.field = Old()
    holder.field = node
    assert seen == ["outer"]
    assert node.name == "renamed"
    assert is_shared(lock, node, node.next)


def test_twice_in_one_item(lock: owned.RLock, node: Node) -> None:
    """Key and value reach the same: it joins once."""
    items = owned.share(owned.Dict(), lock=lock)
    items[node] = (node, [node])
    assert is_shared(lock, node, node.next)
    assert items[node][0] is node


def test_private_container(node: Node) -> None:
    """Nothing joins a private container: what is stored there stays as it is."""
    items = owned.Dict(a=owned.List())
    items["a"].append(node)
    items[node] = node
    assert is_private(node, node.next)
