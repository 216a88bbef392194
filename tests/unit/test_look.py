# SPDX-License-Identifier: MIT
"""state, owner, lock_of, explain: looking without touching."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import owned
from guarded import Node
from owned import State, explain, lock_of, owner, state


def test_of_what_nobody_guards() -> None:
    """Any object may be asked about."""
    for value in (None, 1, "s", [1], object(), Node, len):
        assert state(value) in (State.UNGUARDED, State.FROZEN)
        assert owner(value) is None
        assert lock_of(value) is None
        assert explain(value)


def test_owner_tells_the_thread() -> None:
    """A ThreadInfo: name, id, whether it has ended."""
    info = owner(Node())
    assert info.name == threading.current_thread().name
    assert not info.finished
    assert info.id == owner(Node()).id
    assert "MainThread" in repr(info)


def test_owner_of_a_shared_object_is_the_holder() -> None:
    """Nobody, until the lock is taken."""
    node = owned.share(Node())
    assert owner(node) is None
    with lock_of(node):
        assert owner(node).name == threading.current_thread().name


def test_ids_are_never_reused() -> None:
    """Threads one after another each have a new id, though the system reuses theirs."""
    ids: list[int] = []
    for _ in range(50):
        thread = threading.Thread(target=lambda: ids.append(owner(Node()).id))
        thread.start()
        thread.join(30)
    assert len(set(ids)) == 50


def test_a_new_thread_does_not_inherit(elsewhere: Any) -> None:
    """A thread whose system id is a dead thread's is still a stranger to its objects."""
    node = elsewhere(Node)
    for _ in range(20):
        with pytest.raises(owned.OrphanedError):
            elsewhere(lambda: node.name)


def test_state_is_a_str() -> None:
    """So that it can be compared, printed and sent as one."""
    assert state(Node()) == "private"
    assert str(state(Node())) == "private"
    assert f"{state(Node())}" == "private"


def test_explain_says_what_to_do(elsewhere: Any) -> None:
    """For the owner and for the others."""
    node = Node()
    assert "That is this thread" in explain(node)
    assert "Share it with share(obj, lock=...)" in elsewhere(explain, node)
    assert "Take its lock" in explain(owned.share(Node()))


def test_looking_runs_no_code_of_the_object(elsewhere: Any) -> None:
    """Not even where every special method raises."""

    @owned.owned
    class Hostile:
        def __init__(self) -> None:
            self.armed = True

        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

        __repr__ = __eq__ = __hash__ = __bool__ = __str__ = __getattr__  # type: ignore[assignment]

    hostile = Hostile()
    for run in (lambda f, *args: f(*args), elsewhere):
        run(state, hostile)
        run(owner, hostile)
        run(lock_of, hostile)
        run(explain, hostile)
    with pytest.raises(owned.WrongThreadError):
        elsewhere(getattr, hostile, "armed")
