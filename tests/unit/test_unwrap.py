# SPDX-License-Identifier: MIT
"""unwrap(w): check, then hand out the inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import owned
from insides import SAMPLES
from owned import own, unwrap


@pytest.mark.parametrize("sample", SAMPLES)
def test_gives_the_wrapped_object(sample: str) -> None:
    """The very object."""
    inside = SAMPLES[sample]()
    assert unwrap(own(inside)) is inside


def test_is_checked(elsewhere: Callable[..., Any]) -> None:
    """Only the owner, or whoever holds the lock, gets the inside."""
    inside = [1]
    w = own(inside)
    with pytest.raises(owned.WrongThreadError, match="unwrap a list"):
        elsewhere(unwrap, w)
    lock = owned.RLock()
    owned.share(w, lock=lock)
    with pytest.raises(owned.LockNotHeldError):
        unwrap(w)
    with lock:
        assert unwrap(w) is inside
    parcel = owned.move(own([2]))
    with pytest.raises(owned.OwnershipError):
        unwrap(w)
    assert unwrap(parcel.claim()) == [2]


def test_another_guarded_object_comes_back_as_it_is(elsewhere: Callable[..., Any]) -> None:
    """own() gives guarded objects back, so unwrap() takes them, checked."""

    @owned.owned
    class Account:
        pass

    account = Account()
    assert unwrap(own(account)) is account
    with pytest.raises(owned.WrongThreadError):
        elsewhere(unwrap, account)


@pytest.mark.parametrize("value", [3, None, [], object()])
def test_what_is_not_guarded_is_a_type_error(value: object) -> None:
    """The error names the parameter and what was got."""
    with pytest.raises(TypeError, match=f"`w` must be a wrapper made by own\\(\\), got {type(value).__name__}"):
        unwrap(value)
