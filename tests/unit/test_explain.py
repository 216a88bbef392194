# SPDX-License-Identifier: MIT
"""The story that explain() tells in strict mode. What it says in every mode is in test_look.py."""

import pytest

import owned
import strictly
from guarded import Bag, Node


@pytest.fixture(autouse=True)
def strict():
    with strictly.mode():
        yield


def story(obj):
    """The lines after the first, without the file's path."""
    return [line.replace(__file__, "here.py") for line in owned.explain(obj).splitlines()[1:]]


def line_of(function):
    return function.__code__.co_firstlineno + 1


def open_account():
    return Bag(balance=1)


def publish(obj):
    owned.share(obj)


def hand_over(obj):
    return owned.move(obj)


def test_story():
    """One line per step: what, where, in which function, by which thread."""
    account = open_account()
    hand_over(account).claim()
    publish(account)
    assert owned.explain(account).splitlines()[0].endswith("Its life:")
    made, moved, claimed, shared = story(account)
    assert made.startswith(
        f"  made at here.py:{line_of(open_account)} in open_account by thread 'MainThread', called from "
    )
    assert moved == f"  moved at here.py:{line_of(hand_over)} in hand_over by thread 'MainThread'"
    assert claimed.startswith("  claimed at here.py:")
    assert shared == f"  shared at here.py:{line_of(publish)} in publish by thread 'MainThread'"


def test_company():
    """What went along with another object says with which."""
    inner = Node()
    publish(Bag(node=inner))
    assert story(inner)[1].startswith("  shared with the Bag that reached it at here.py:")


def test_region():
    """What went along with its Region says so."""
    region = owned.Region()
    with region:
        node = Node()
    publish(region)
    assert story(node)[1].startswith("  shared with its Region at here.py:")


def test_store():
    """What joined a shared object says how."""
    shared, node = owned.share(Bag()), Node()
    with owned.locked(shared):
        shared.node = node
    assert story(node)[1].startswith("  joined what is shared when it was stored at here.py:")


def test_wrapper():
    """A wrapper was not made but put around something, and stays itself when its inside is frozen."""
    wrapper = owned.own({1: 2})
    owned.freeze(wrapper)
    assert story(wrapper)[0].startswith("  wrapped by own() at here.py:")
    assert story(wrapper)[1].startswith("  frozen at here.py:")


def test_frozen():
    """The freeze is the last step."""
    account = open_account()
    owned.freeze(account)
    assert [line.split()[0] for line in story(account)] == ["made", "frozen"]


def test_own_share_is_told():
    """The first sentence quotes the share of this object, not of the first one under the same lock."""
    lock = owned.Lock()
    owned.share(owned.List(), lock=lock)
    node = owned.share(Node(), lock=lock)
    assert "share(Node)" in owned.explain(node).splitlines()[0]


def test_nothing_known():
    """Where nothing is known, and outside of strict mode, there is no story."""
    assert "Its life" not in owned.explain(3)
    account = open_account()
    with strictly.mode(strictly.CHECKED):
        assert "Its life" not in owned.explain(account)
        unknown = Node()
    assert "Its life" not in owned.explain(unknown)
