# SPDX-License-Identifier: MIT
"""List against list, Dict against dict, Set against set: whatever is done to both comes out the same."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import owned

SCALARS = st.one_of(st.integers(-3, 3), st.sampled_from("abc"), st.none(), st.booleans())
KEYS = st.one_of(SCALARS, st.tuples(SCALARS), st.frozensets(SCALARS, max_size=2))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3) | st.sets(KEYS, max_size=3),
    max_leaves=4,
)
INDEXES = st.integers(-6, 6)
SLICES = st.builds(slice, st.none() | INDEXES, st.none() | INDEXES, st.none() | st.sampled_from([-2, -1, 1, 2]))

GUARDED = (owned.List, owned.Dict, owned.Set)


def outcome(function: Callable[..., Any], *args: Any) -> Any:
    """What a call gives or raises, to compare."""
    try:
        return function(*args)
    except owned.OwnershipError:
        raise
    except Exception as error:
        return type(error)


def all_guarded(value: Any) -> bool:
    """Nothing in a guarded container is an exact list, dict or set."""
    todo = [value]
    while todo:
        value = todo.pop()
        if isinstance(value, (list, dict, set)):
            if not isinstance(value, GUARDED) or owned.state(value) != owned.State.PRIVATE:
                return False
            todo.extend(value.values() if isinstance(value, dict) else value)
    return True


class Machine(RuleBasedStateMachine):
    """Does the same to a plain and to a guarded container."""

    plain: Any
    guarded: Any

    def both(self, function: Callable[..., Any], *args: Any, makes: bool = False) -> None:
        """Call function(container, *args) on both, and compare what comes out: guarded if it makes a container."""
        expected, found = outcome(function, self.plain, *args), outcome(function, self.guarded, *args)
        if found is self.guarded:
            assert expected is self.plain
            return
        assert found == expected
        assert not makes or isinstance(found, GUARDED) or expected is TypeError

    @invariant()
    def same(self) -> None:
        """Equal in both orders, of the same size, in the same order, and guarded all through."""
        assert self.guarded == self.plain
        assert self.plain == self.guarded
        assert not operator.ne(self.guarded, self.plain)
        assert len(self.guarded) == len(self.plain)
        assert bool(self.guarded) == bool(self.plain)
        assert all_guarded(self.guarded)
        if not isinstance(self.plain, set):
            assert list(self.guarded) == list(self.plain)


class ListMachine(Machine):
    @initialize(items=st.lists(VALUES, max_size=6))
    def begin(self, items: list[Any]) -> None:
        self.plain, self.guarded = list(items), owned.List(items)

    @rule(name=st.sampled_from(["append", "remove", "count", "index", "__contains__", "extend"]), value=VALUES)
    def one(self, name: str, value: Any) -> None:
        self.both(lambda x: getattr(x, name)(value))

    @rule(name=st.sampled_from(["clear", "reverse", "pop", "sort", "__len__"]))
    def none(self, name: str) -> None:
        self.both(lambda x: getattr(x, name)())
        self.both(lambda x: x.copy(), makes=True)

    @rule(index=INDEXES, value=VALUES)
    def at(self, index: int, value: Any) -> None:
        self.both(operator.getitem, index)
        self.both(operator.setitem, index, value)
        self.both(lambda x: x.insert(index, value))
        self.both(lambda x: x.pop(index))
        self.both(operator.delitem, index)

    @rule(where=SLICES, values=st.lists(VALUES, max_size=4), lazily=st.booleans())
    def slices(self, where: slice, values: list[Any], lazily: bool) -> None:
        self.both(operator.getitem, where, makes=True)
        self.both(lambda x: x.__setitem__(where, iter(values) if lazily else values))
        self.both(operator.delitem, where)
        self.both(lambda x: x.__init__(iter(values) if lazily else values))

    @rule(values=st.lists(VALUES, max_size=3), guard=st.booleans())
    def joined(self, values: list[Any], guard: bool) -> None:
        other = owned.List(values) if guard else values
        self.both(operator.add, other, makes=True)
        self.both(operator.iadd, other)
        assert values + self.guarded == values + self.plain
        assert type(values + self.guarded) is list
        for compare in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
            self.both(compare, other)
            self.both(lambda x, compare=compare: compare(other, x))

    @rule(count=st.integers(-1, 2))
    def repeated(self, count: int) -> None:
        self.both(operator.mul, count, makes=True)
        self.both(lambda x: count * x, makes=True)
        if len(self.plain) < 20:
            self.both(operator.imul, count)

    @rule()
    def with_itself(self) -> None:
        if len(self.plain) < 20:
            self.both(lambda x: x.extend(x))
            self.both(lambda x: x.__setitem__(slice(1, 2), x))
        self.both(lambda x: x == x)

    @rule(values=st.lists(st.integers(), max_size=8), reverse=st.booleans())
    def sorted_by(self, values: list[int], reverse: bool) -> None:
        self.plain[:] = values
        self.guarded[:] = values
        self.both(lambda x: x.sort(key=lambda item: item % 7, reverse=reverse))

    @rule(steps=st.integers(0, 8), value=SCALARS)
    def walked(self, steps: int, value: Any) -> None:
        for walk in (iter, reversed):
            mine, theirs = walk(self.guarded), walk(self.plain)
            for step in range(steps):
                assert outcome(next, mine) == outcome(next, theirs)
                if step == 2 and walk is iter:
                    self.both(lambda x: x.append(value))
            assert operator.length_hint(mine) == operator.length_hint(theirs)


class DictMachine(Machine):
    @initialize(items=st.dictionaries(KEYS, VALUES, max_size=6))
    def begin(self, items: dict[Any, Any]) -> None:
        self.plain, self.guarded = dict(items), owned.Dict(items)

    @rule(
        name=st.sampled_from(["get", "pop", "setdefault", "__contains__", "__getitem__", "__delitem__"]),
        key=KEYS | VALUES,
    )
    def one(self, name: str, key: Any) -> None:
        self.both(lambda x: getattr(x, name)(key))

    @rule(name=st.sampled_from(["get", "pop", "setdefault", "__setitem__"]), key=KEYS, value=VALUES)
    def two(self, name: str, key: Any, value: Any) -> None:
        self.both(lambda x: getattr(x, name)(key, value))

    @rule(name=st.sampled_from(["clear", "popitem", "__len__"]))
    def none(self, name: str) -> None:
        self.both(lambda x: getattr(x, name)())
        self.both(lambda x: x.copy(), makes=True)

    @rule(
        items=st.dictionaries(KEYS, VALUES, max_size=4),
        how=st.sampled_from([dict, owned.Dict, lambda d: list(d.items())]),
    )
    def merged(self, items: dict[Any, Any], how: Callable[[Any], Any]) -> None:
        self.both(lambda x: x.update(how(items), a=1))
        self.both(operator.or_, how(items), makes=True)
        self.both(operator.ior, how(items))
        self.both(lambda x: x == how(items))
        self.both(lambda x: how(items) == x)
        assert {**items, **self.guarded} == items | self.plain == items | self.guarded
        assert dict.fromkeys(items, 1) == owned.Dict.fromkeys(items, 1)

    @rule(other=st.dictionaries(KEYS, SCALARS, max_size=4), name=st.sampled_from(["keys", "items"]))
    def viewed(self, other: dict[Any, Any], name: str) -> None:
        mine, theirs = getattr(self.guarded, name)(), getattr(self.plain, name)()
        operands: list[Any] = [
            getattr(other, name)(),
            set(other),
            frozenset(other),
            owned.Set(other),
            list(other),
            mine,
        ]
        operands.append(getattr(owned.Dict(other), name)())
        for operand in operands:
            same = theirs if operand is mine else operand
            for function in (
                operator.and_,
                operator.or_,
                operator.sub,
                operator.xor,
                operator.eq,
                operator.le,
                operator.gt,
            ):
                assert outcome(function, mine, operand) == outcome(function, theirs, same)
                assert outcome(function, operand, mine) == outcome(function, same, theirs)
            assert outcome(mine.isdisjoint, operand) == outcome(theirs.isdisjoint, same)

    @rule()
    def walked(self) -> None:
        for name in ("keys", "values", "items"):
            mine, theirs = getattr(self.guarded, name)(), getattr(self.plain, name)()
            assert (len(mine), list(mine), list(reversed(mine))) == (len(theirs), list(theirs), list(reversed(theirs)))
            assert mine.mapping == theirs.mapping
        assert list(reversed(self.guarded)) == list(reversed(self.plain))


class SetMachine(Machine):
    @initialize(items=st.sets(KEYS, max_size=6))
    def begin(self, items: set[Any]) -> None:
        self.plain, self.guarded = set(items), owned.Set(items)

    @rule(name=st.sampled_from(["add", "discard", "remove", "__contains__"]), key=KEYS | VALUES)
    def one(self, name: str, key: Any) -> None:
        self.both(lambda x: getattr(x, name)(key))

    @rule(name=st.sampled_from(["clear", "__len__"]))
    def none(self, name: str) -> None:
        self.both(lambda x: getattr(x, name)())
        self.both(lambda x: x.copy(), makes=True)

    @rule()
    def pop(self) -> None:
        if self.plain:
            self.plain.remove(self.guarded.pop())
        else:
            self.both(lambda x: x.pop())

    @rule(items=st.sets(KEYS, max_size=4), how=st.sampled_from([set, frozenset, owned.Set, list, iter, dict.fromkeys]))
    def with_other(self, items: set[Any], how: Callable[[Any], Any]) -> None:
        for name in (
            "union",
            "intersection",
            "difference",
            "symmetric_difference",
            "isdisjoint",
            "issubset",
            "issuperset",
        ):
            self.both(lambda x, name=name: getattr(x, name)(how(items)))
        for function in (
            operator.and_,
            operator.or_,
            operator.sub,
            operator.xor,
            operator.eq,
            operator.le,
            operator.lt,
        ):
            self.both(lambda x, function=function: function(x, how(items)))
            self.both(lambda x, function=function: function(how(items), x))
        for name in ("union", "intersection", "difference"):
            self.both(lambda x, name=name: getattr(x, name)(how(items), items, [1]))

    @rule(
        name=st.sampled_from(
            [
                *("update", "intersection_update", "difference_update", "symmetric_difference_update", "__init__"),
                *("__iand__", "__ior__", "__ixor__", "__isub__"),
            ]
        ),
        items=st.sets(KEYS, max_size=4),
        how=st.sampled_from([set, frozenset, owned.Set, list, iter, dict.fromkeys]),
    )
    def changed(self, name: str, items: set[Any], how: Callable[[Any], Any]) -> None:
        self.both(lambda x: getattr(x, name)(how(items)))

    @rule(
        name=st.sampled_from(["update", "symmetric_difference_update", "__iand__", "__ior__", "__ixor__", "__isub__"])
    )
    def with_itself(self, name: str) -> None:
        self.both(lambda x: getattr(x, name)(x))


@pytest.mark.parametrize("machine", [ListMachine, DictMachine, SetMachine])
def test_machine(machine: Any) -> None:
    """Random operations on both keep both alike."""
    case = machine.TestCase
    case.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
    case().runTest()
