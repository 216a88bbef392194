# SPDX-License-Identifier: MIT
"""AtomicInt: every method and operator, at the edges of 64 bits too."""

import copy
import operator
import pickle
import weakref

import pytest

import owned
from guarded import Bag
from owned import AtomicInt

LEAST, MOST = -(2**63), 2**63 - 1


def test_counter_is_the_same_class():
    """What it is most often used as is another name for it."""
    assert owned.Counter is AtomicInt


@pytest.mark.parametrize("value", [0, 7, -7, LEAST, MOST, True])
def test_value(value):
    """What goes in comes out, whichever way."""
    atomic = AtomicInt(value)
    assert atomic.get() == atomic.value == int(atomic) == operator.index(atomic) == value
    assert type(atomic.get()) is int
    atomic.set(3)
    atomic.value = atomic.value + value if abs(value) < 10 else value
    assert atomic.swap(1) in (3 + value, value)
    assert atomic.get() == 1


def test_starts_at_zero():
    """Without a value; the name is `value`."""
    assert AtomicInt().get() == 0
    assert AtomicInt(value=4).get() == 4


# method, argument, value before, value after
STEPS = [
    ("add", 5, 2, 7),
    ("add", -5, 2, -3),
    ("add", MOST, LEAST, -1),
    ("subtract", 5, 2, -3),
    ("subtract", LEAST, -1, MOST),
    ("fetch_add", 5, 2, 7),
    ("fetch_subtract", 5, 2, -3),
    ("fetch_max", 5, 2, 5),
    ("fetch_max", 2, 5, 5),
    ("fetch_min", 5, 2, 2),
    ("fetch_min", -2, 5, -2),
    ("fetch_and", 0b0110, 0b1100, 0b0100),
    ("fetch_or", 0b0110, 0b1100, 0b1110),
    ("fetch_xor", -1, 0b1100, ~0b1100),
]


@pytest.mark.parametrize(("method", "n", "before", "after"), STEPS)
def test_step(method, n, before, after):
    """Both add and subtract return the new value, fetch_... the one before."""
    atomic = AtomicInt(before)
    assert getattr(atomic, method)(n) == (before if method.startswith("fetch") else after)
    assert atomic.get() == after


def test_steps_by_one():
    """What is added is one, unless it is said."""
    atomic = AtomicInt(5)
    assert [atomic.add(), atomic.increment(), atomic.subtract(), atomic.decrement()] == [6, 7, 6, 5]
    assert [atomic.fetch_add(), atomic.fetch_subtract()] == [5, 6]


@pytest.mark.parametrize(
    ("operate", "after"),
    [
        (operator.iadd, 15),
        (operator.isub, 9),
        (operator.iand, 12 & 3),
        (operator.ior, 12 | 3),
        (operator.ixor, 12 ^ 3),
    ],
)
def test_in_place(operate, after):
    """An in-place operator changes it and gives it back."""
    atomic = AtomicInt(12)
    assert operate(atomic, 3) is atomic
    assert atomic.get() == after
    with pytest.raises(TypeError, match="unsupported operand"):
        operate(atomic, 1.5)
    assert operate(atomic, AtomicInt(0)) is atomic


def test_in_place_on_an_attribute_is_a_write_of_its_holder(elsewhere):
    """`x.c += 1` stores the counter back: checked as a write of x. `x.c.add(1)` reads x only."""
    bag = owned.freeze(Bag(hits=AtomicInt()))
    assert elsewhere(bag.hits.add, 1) == 1
    with pytest.raises(owned.FrozenError):
        bag.hits += 1
    assert bag.hits.get() == 2  # the step was made before the write was refused


def test_no_arithmetic_on_a_copy():
    """`c + 1` would be read, added and stored in three steps."""
    with pytest.raises(TypeError, match="unsupported operand"):
        AtomicInt(1) + 1


@pytest.mark.parametrize(
    "touch",
    [
        lambda atomic: atomic.add(1),
        lambda atomic: atomic.increment(),
        lambda atomic: atomic.fetch_add(1),
        lambda atomic: atomic.subtract(LEAST),
        lambda atomic: atomic.fetch_subtract(-1),
        lambda atomic: operator.iadd(atomic, 1),
        lambda atomic: operator.isub(atomic, -1),
        lambda atomic: atomic.set(MOST + 1),
        lambda atomic: atomic.swap(LEAST - 1),
        lambda atomic: setattr(atomic, "value", 10**30),
        lambda atomic: atomic.compare_and_set(MOST, MOST + 1),
        lambda atomic: atomic.fetch_max(MOST + 1),
    ],
)
def test_overflow_changes_nothing(touch):
    """What does not fit into 64 bits is refused at once."""
    atomic = AtomicInt(MOST)
    with pytest.raises(OverflowError, match=r"-2\*\*63 to 2\*\*63 - 1"):
        touch(atomic)
    assert atomic.get() == MOST


def test_underflow_changes_nothing():
    """The same at the other end."""
    atomic = AtomicInt(LEAST)
    for touch in (atomic.decrement, lambda: atomic.add(-1), lambda: atomic.subtract(1)):
        with pytest.raises(OverflowError):
            touch()
    assert atomic.get() == LEAST
    with pytest.raises(OverflowError):
        AtomicInt(LEAST - 1)


def test_compare_and_set():
    """Only where the value is the one that is expected."""
    atomic = AtomicInt(5)
    assert atomic.compare_and_set(5, 6) is True
    assert atomic.compare_and_set(5, 7) is False
    assert atomic.get() == 6


@pytest.mark.parametrize(
    "touch",
    [
        lambda: AtomicInt("1"),
        lambda: AtomicInt(1.0),
        lambda: AtomicInt(None),
        lambda: AtomicInt(1, 2),
        lambda: AtomicInt(wert=1),
        lambda: AtomicInt().set("1"),
        lambda: AtomicInt().add(1, 2),
        lambda: AtomicInt().fetch_max(),
        lambda: AtomicInt().compare_and_set(1),
        lambda: AtomicInt().compare_and_set(0, 1.5),
        lambda: hash(AtomicInt()),
        lambda: type("Sub", (AtomicInt,), {}),
    ],
)
def test_refused(touch):
    """Wrong arguments, hashing what changes, subclasses."""
    with pytest.raises(TypeError):
        touch()


def test_value_cannot_be_deleted():
    """There always is one."""
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del AtomicInt().value


def test_an_index_that_raises_changes_nothing():
    """Its error comes out as it is."""

    class Index:
        def __index__(self):
            raise KeyError("no number")

    atomic = AtomicInt(3)
    with pytest.raises(KeyError):
        atomic.add(Index())
    assert atomic.get() == 3


def test_compares_as_an_int():
    """With ints, floats and its own kind."""
    atomic = AtomicInt(5)
    assert atomic == 5 == atomic
    assert atomic == 5.0
    assert atomic == AtomicInt(5)
    assert atomic != 6
    assert atomic != "5"
    assert 4 < atomic <= 5
    assert atomic > AtomicInt(4)
    with pytest.raises(TypeError, match="not supported"):
        atomic < "6"


def test_looks_like_what_it_is():
    """repr, bool, use as an index."""
    assert repr(AtomicInt(-3)) == "AtomicInt(-3)"
    assert bool(AtomicInt(1)) is True
    assert bool(AtomicInt()) is False
    assert [10, 20][AtomicInt(1)] == 20


@pytest.mark.parametrize("copier", [copy.copy, copy.deepcopy, pickle.dumps])
def test_is_not_copied(copier):
    """A copy would count on its own: the error says so."""
    with pytest.raises(
        TypeError, match="cannot copy or pickle 'owned.AtomicInt' object: the copy would go its own way"
    ):
        copier(AtomicInt())


def test_serves_many_threads():
    """Frozen, shared and stored as it is; own() says that it needs no guard."""
    atomic = AtomicInt()
    frozen = owned.freeze([atomic])
    assert frozen[0] is atomic
    assert owned.is_frozen(frozen)
    bag = owned.share(Bag(hits=atomic))
    with owned.locked(bag):
        assert bag.hits is atomic
    with pytest.raises(TypeError, match="serves many threads"):
        owned.own(atomic)
    with owned.strict():
        owned.share(Bag(hits=atomic))  # which warns of what nobody guards


def test_can_be_weakly_referenced():
    """And dies."""
    atomic = AtomicInt()
    ref = weakref.ref(atomic)
    assert ref() is atomic
    del atomic
    assert ref() is None
