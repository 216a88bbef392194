# SPDX-License-Identifier: MIT
"""AtomicRef: what it holds, what it refuses to hold, and how it is replaced."""

import copy
import gc
import pickle
import weakref

import pytest

import owned
from guarded import Bag, Node
from owned import AtomicRef


def test_get_set_swap():
    """What is put in comes out, the very object."""
    one, two = (1, object), ("two",)
    ref = AtomicRef(one)
    assert ref.get() is ref.value is one
    assert ref.set(two) is None
    assert ref.swap(one) is two
    ref.value = two
    assert ref.get() is two
    assert AtomicRef().get() is None
    assert AtomicRef(value=3).get() == 3


def test_compare_and_set_is_by_identity():
    """An equal object is another one."""
    value, equal = ("a", 1.5), ("a", float("1.5"))
    assert value == equal
    assert value is not equal
    ref = AtomicRef(value)
    assert ref.compare_and_set(equal, "new") is False
    assert ref.get() is value
    assert ref.compare_and_set(value, "new") is True
    assert ref.get() == "new"


def test_update():
    """The function makes the next value of the one that is there."""
    ref = AtomicRef((1,))
    assert ref.update(lambda old: (*old, 2)) == (1, 2)
    assert ref.get() == (1, 2)


def test_update_tries_again():
    """Where another comes first, the function is called with what is there then."""
    ref = AtomicRef(10)
    seen = []

    def next_one(value):
        seen.append(value)
        if len(seen) == 1:
            ref.set(1000)  # as another thread would
        return value + 1

    assert ref.update(next_one) == 1001
    assert seen == [10, 1000]


def test_update_that_raises_changes_nothing():
    """Neither does one whose result is refused."""
    ref = AtomicRef(1)
    with pytest.raises(ZeroDivisionError):
        ref.update(lambda _: 1 / 0)
    with pytest.raises(TypeError, match=r"AtomicRef.update\(\) takes what every thread may have, and value is a list"):
        ref.update(lambda _: [])
    with pytest.raises(TypeError):
        ref.update(5)
    assert ref.get() == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: 5,
        lambda: ("a", (1, frozenset({2}))),
        lambda: owned.freeze({"a": [1]}),
        lambda: owned.freeze(Node()),
        lambda: owned.share(Node()),
        lambda: owned.Lock(),
        lambda: owned.Condition(),
        lambda: owned.Semaphore(),
        lambda: owned.Channel(),
        lambda: owned.AtomicInt(),
        lambda: owned.AtomicRef(),
        lambda: owned.move(Node()),
        lambda: Node,
        lambda: len,
    ],
)
def test_takes_what_every_thread_may_have(make):
    """Immutable, frozen, shared, synchronized, a parcel, code."""
    value = make()
    ref = AtomicRef(value)
    assert ref.get() is value


@pytest.mark.parametrize("how", ["AtomicRef()", "AtomicRef.set()", "AtomicRef.swap()", "AtomicRef.compare_and_set()"])
@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: [1], TypeError, r"value is a list, which can change and nobody guards. Pass freeze\(\) of it"),
        (lambda: (1, {}), TypeError, r"value\[1\] is a dict"),
        (Node, owned.OwnershipError, "value is a Node: it is private to thread 'MainThread'"),
        (lambda: ("a", Node()), owned.OwnershipError, r"value\[1\] is a Node"),
    ],
)
def test_refuses_what_is_one_threads(how, make, error, words):
    """With the way to it and the way out; what was there stays."""
    ref = AtomicRef("before")
    value = make()
    calls = {
        "AtomicRef()": lambda: AtomicRef(value),
        "AtomicRef.set()": lambda: ref.set(value),
        "AtomicRef.swap()": lambda: ref.swap(value),
        "AtomicRef.compare_and_set()": lambda: ref.compare_and_set("before", value),
    }
    with pytest.raises(error, match=words) as caught:
        calls[how]()
    assert str(caught.value).startswith(f"{how} takes what every thread may have")
    assert ref.get() == "before"


def test_refuses_what_is_not_ours(elsewhere):
    """Another thread's, moved, orphaned: with the error of a touch."""
    ref = AtomicRef()
    node = Node()
    with pytest.raises(owned.WrongThreadError, match="private to thread 'MainThread'"):
        elsewhere(ref.set, node)
    parcel = owned.move(node)
    with pytest.raises(owned.MovedError):
        ref.set(node)
    parcel.claim()
    with pytest.raises(owned.OrphanedError):
        ref.set(elsewhere(Node))
    assert ref.get() is None


def test_registered_types_are_taken():
    """What a program says of its types counts."""

    class Pool:
        pass

    ref = AtomicRef()
    with pytest.raises(TypeError, match=r"register\(Pool, 'synchronized'\)"):
        ref.set(Pool())
    owned.register(Pool, "synchronized")
    ref.set(Pool())


def test_a_parcel_is_a_letter_box():
    """swap() takes what is in it, for one."""
    box = AtomicRef(owned.move(Node("letter")))
    assert box.swap(None).claim().name == "letter"
    assert box.swap(None) is None


def test_repr():
    """Shows what it holds, also itself."""
    ref = AtomicRef("x")
    assert repr(ref) == "AtomicRef('x')"
    ref.set((ref,))
    assert repr(ref) == "AtomicRef((AtomicRef(...),))"


def test_dies_in_a_cycle():
    """The collector sees what it holds."""
    ref = AtomicRef()
    ref.set((ref, object))
    gone = weakref.ref(ref)
    del ref
    gc.collect()
    assert gone() is None


def test_what_was_there_dies_outside():
    """A finalizer may use the reference that let it go."""
    ref = AtomicRef()
    seen = []

    class Last:
        def __del__(self):
            seen.append(ref.get())
            ref.set("by the finalizer")

    owned.register(Last, "immutable")
    ref.set(Last())
    ref.set("next")
    gc.collect()
    assert seen == ["next"]
    assert ref.get() == "by the finalizer"


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, pickle.dumps])
def test_is_not_copied(copier):
    """A copy would be another reference."""
    with pytest.raises(TypeError, match="cannot copy or pickle"):
        copier(AtomicRef())


@pytest.mark.parametrize(
    "touch",
    [
        lambda: AtomicRef(1, 2),
        lambda: AtomicRef().compare_and_set(1),
        lambda: AtomicRef().set(),
        lambda: type("Sub", (AtomicRef,), {}),
    ],
)
def test_wrong_calls(touch):
    """Too few, too many, and no subclasses."""
    with pytest.raises(TypeError):
        touch()


def test_value_cannot_be_deleted():
    """There always is one."""
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del AtomicRef().value


def test_compares_by_identity():
    """Two references are two objects, and can be keys."""
    one, two = AtomicRef(1), AtomicRef(1)
    assert one != two
    assert len({one, two}) == 2


def test_generic():
    """AtomicRef[T] is for annotations."""
    assert AtomicRef[Bag].__origin__ is AtomicRef
