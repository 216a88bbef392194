# SPDX-License-Identifier: MIT
"""Random acquisitions against an oracle: an acquire is refused exactly if its order would close a cycle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import owned
from owned import _core, _lock_order

LOCKS = 4
STEP = st.tuples(st.sampled_from(["acquire", "acquire", "acquire", "try", "release"]), st.integers(0, LOCKS - 1))
ROUND = st.tuples(
    st.lists(STEP, min_size=2, max_size=5),
    st.sampled_from(["release all", "release all", "release all", "release all", "keep", "replace"]),
)


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    """Strict mode for the test."""
    before = _core.get_mode()
    _core.set_mode(3)
    yield
    _core.set_mode(before)


def leads(edges: set[tuple[int, int]], start: int, goal: int) -> bool:
    """Is there a way?"""
    found, todo = {start}, [start]
    while todo:
        here = todo.pop()
        fresh = {after for before, after in edges if before == here} - found
        found |= fresh
        todo.extend(fresh)
    return goal in found


def steps_of(rounds: list[Any]) -> Iterator[tuple[str, int]]:
    """One step after the other: an order that goes through others takes several rounds with nothing held between."""
    for steps, end in rounds:
        yield from steps
        if end == "release all":
            yield "release all", 0
        elif end == "replace":
            yield "replace", len(steps) % LOCKS


def number_of(lock: Any) -> int:
    """Its ordinal."""
    return _core.lock_ordinal(lock)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    kinds=st.lists(st.sampled_from([owned.Lock, owned.RLock]), min_size=LOCKS, max_size=LOCKS),
    rounds=st.lists(ROUND, min_size=4, max_size=12),
)
def test_refused_exactly_if_it_closes_a_cycle(kinds: list[Any], rounds: list[Any]) -> None:
    """One thread, locks of both kinds that come and go; the graph is what the oracle says, after every round."""
    locks = [kind() for kind in kinds]
    depth = [0] * LOCKS
    edges: set[tuple[int, int]] = set()  # between places
    for what, i in steps_of(rounds):
        held = [j for j in range(LOCKS) if depth[j]]
        if what == "release all":
            for j in held:
                for _ in range(depth[j]):
                    locks[j].release()
                depth[j] = 0
        elif what == "release":
            if depth[i]:
                locks[i].release()
                depth[i] -= 1
        elif what == "replace":
            if not depth[i]:
                locks[i] = kinds[i]()
                edges = {edge for edge in edges if i not in edge}
        elif depth[i]:
            if kinds[i] is owned.RLock:
                locks[i].acquire()
                depth[i] += 1
        elif what == "try":
            assert locks[i].acquire(False)
            depth[i] = 1
        elif any(leads(edges, i, j) for j in held):
            with pytest.raises(owned.LockOrderError):
                locks[i].acquire()
            assert not locks[i].locked()
        else:
            locks[i].acquire()
            depth[i] = 1
            edges |= {(j, i) for j in held}
        if what not in ("release all", "replace"):
            continue
        places = {number_of(lock): place for place, lock in enumerate(locks) if number_of(lock)}
        known = _lock_order.orders()
        assert {(places[a], places[b]) for a, b in known if a in places and b in places} == edges
    for lock, times in zip(locks, depth, strict=True):
        for _ in range(times):
            lock.release()
