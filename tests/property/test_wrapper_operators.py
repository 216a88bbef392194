# SPDX-License-Identifier: MIT
"""own(x) against x: any operation on any values has the same outcome, whichever operands are wrapped."""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from owned import own, unwrap
from owned._core import Wrapper

numbers = st.one_of(
    st.integers(-50, 50),
    st.booleans(),
    st.floats(-1e3, 1e3),
    st.fractions(-5, 5, max_denominator=9),
    st.decimals(-5, 5, places=2),
    st.complex_numbers(max_magnitude=10, allow_nan=False, allow_infinity=False),
)
texts = st.one_of(
    st.text(max_size=4), st.binary(max_size=4), st.tuples(st.integers(0, 3)), st.frozensets(st.integers(0, 3))
)
values = st.one_of(numbers, texts, st.none())
mutable = st.one_of(
    st.lists(st.integers(-3, 3), max_size=4),
    st.dictionaries(st.integers(-3, 3), st.integers(), max_size=3),
    st.sets(st.integers(-3, 3), max_size=4),
    st.builds(bytearray, st.binary(max_size=4)),
)
BINARY = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, divmod),
    *(operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift, operator.matmul),
    *(operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge),
]
UNARY = [
    *(
        operator.neg,
        operator.pos,
        operator.invert,
        abs,
        bool,
        repr,
        str,
        round,
        math.floor,
        math.ceil,
        math.trunc,
        len,
        list,
    ),
    *(operator.index, sorted, hash, format, sum, min, tuple, complex),
]
IN_PLACE = [
    *(operator.iadd, operator.isub, operator.imul, operator.iand, operator.ior, operator.ixor, operator.itruediv),
    *(operator.ifloordiv, operator.imod, operator.ipow, operator.ilshift, operator.irshift, operator.imatmul),
]


def outcome(function: Callable[..., Any], *args: Any) -> Any:
    """The value with its type, bare, or the type of the error."""
    try:
        value = function(*args)
    except Exception as error:
        return type(error)
    if isinstance(type(value), type) and issubclass(type(value), Wrapper):
        value = unwrap(value)
    return type(value), repr(value)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(BINARY), values, values)
def test_binary_operators(function: Callable[..., Any], left: Any, right: Any) -> None:
    """Immutable operands: left, right or both wrapped."""
    expected = outcome(function, left, right)
    assert outcome(function, own(left), right) == expected
    assert outcome(function, own(left), own(right)) == expected
    if not isinstance(left, str | bytes) or function is not operator.mod:  # text % formats whatever it is given
        assert outcome(function, left, own(right)) == expected


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(BINARY), mutable, st.one_of(values, mutable))
def test_binary_operators_on_mutable_objects(function: Callable[..., Any], left: Any, right: Any) -> None:
    """A mutable left side that is wrapped; a bare one is never guessed about, so it may refuse but not differ."""
    expected = outcome(function, left, right)
    assert outcome(function, own(left), right) == expected
    assert outcome(function, own(left), own(right)) == expected
    if not isinstance(left, bytearray) or function is not operator.mod:
        assert outcome(function, left, own(right)) in (expected, TypeError)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(UNARY), st.one_of(values, mutable))
def test_unary_operators_and_conversions(function: Callable[..., Any], value: Any) -> None:
    """One operand."""
    if isinstance(value, str | bytes | bytearray) and function in (math.floor, math.ceil, complex):
        return  # int() and float() take text
    assert outcome(function, own(value)) == outcome(function, value)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(IN_PLACE), st.one_of(numbers, mutable), st.one_of(st.integers(0, 3), mutable), st.booleans())
def test_in_place_operators(function: Callable[..., Any], left: Any, right: Any, wrap_right: bool) -> None:
    """The wrapped object changes as a bare one does, and who has it sees that; new values are new."""
    bare, inside = copy.copy(left), copy.copy(left)
    w = own(inside)
    try:
        expected = function(bare, right)
    except Exception as error:
        with pytest.raises(type(error)):
            function(w, own(right) if wrap_right else right)
    else:
        result = function(w, own(right) if wrap_right else right)
        assert repr(result) == repr(expected)
        if expected is bare and type(left) in (list, set, dict, bytearray):
            assert result is w
    assert inside == bare


@settings(max_examples=100, deadline=None)
@given(st.integers(-9, 9), st.integers(0, 9), st.one_of(st.none(), st.integers(1, 9)))
def test_power(base: int, exponent: int, modulus: int | None) -> None:
    """Two and three operands."""
    expected = outcome(pow, base, exponent, modulus)
    assert outcome(pow, own(base), exponent, modulus) == expected
    assert outcome(pow, own(base), own(exponent), modulus) == expected
    if modulus is None:
        assert outcome(pow, base, own(exponent)) == expected
    else:
        assert outcome(pow, own(base), own(exponent), own(modulus)) == expected


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(), max_size=5),
    st.one_of(st.integers(-7, 7), st.slices(5)),
    st.one_of(st.integers(), st.lists(st.integers(), max_size=3)),
)
def test_items_and_slices(items: list[int], key: Any, value: Any) -> None:
    """Reading, writing and deleting items."""
    for operation in (operator.getitem, operator.delitem, lambda x, k: operator.setitem(x, k, value)):
        bare, inside = list(items), list(items)
        assert outcome(operation, own(inside), key) == outcome(operation, bare, key)
        assert inside == bare
