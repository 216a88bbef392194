# SPDX-License-Identifier: MIT
"""Parcels and what was unpickled for others, with many threads at once: exactly one has it."""

from __future__ import annotations

import collections
import os
import pickle
import threading
from typing import Any

import owned
from crowd import crowd
from guarded import Node
from owned import _core

THREADS = 8
ROUNDS = int(os.environ.get("OWNED_TOUCHES", "2000")) // 40


def left(node: Any) -> Any:
    """A copy, as a helper thread of a process pool unpickles it."""
    region = owned.Region()
    with region:
        copy = pickle.loads(pickle.dumps(node))
    _core.leave(region)
    return copy


def race(count: int, touch: Any) -> list[str]:
    """Who got it, of threads that start together."""
    outcomes: list[str] = []

    def work(_number: int) -> None:
        try:
            touch()
        except owned.OwnershipError as error:
            outcomes.append(type(error).__name__)
        else:
            outcomes.append("mine")

    crowd(count, work)
    return outcomes


def test_the_first_to_touch_has_it() -> None:
    """And with it all that came in the same message; the others are refused, whoever they lose to."""
    for _ in range(ROUNDS):
        node = left(Node("a", Node("b")))
        winners: list[str] = []

        def touch(node: Any = node, winners: list[str] = winners) -> None:
            node.name = "mine"
            assert node.next.name == "b"
            winners.append(threading.current_thread().name)

        outcomes = collections.Counter(race(THREADS, touch))
        assert outcomes["mine"] == 1
        assert sum(outcomes[name] for name in ("WrongThreadError", "OrphanedError")) == THREADS - 1
        assert owned.owner(node).name == winners[0]
        owned.adopt(node)


def test_one_pickles_or_claims_it() -> None:
    """Of threads that claim, pickle and adopt one parcel, one succeeds, and nobody finds half of it."""
    for round_number in range(ROUNDS):
        node = Node("a", Node("b"))
        parcel = owned.move(node)
        got: list[Any] = []

        def claim(parcel: Any = parcel, got: list[Any] = got) -> None:
            got.append(parcel.claim().next.name)

        def send(parcel: Any = parcel, got: list[Any] = got) -> None:
            got.append(pickle.loads(pickle.dumps(parcel)).claim().next.name)

        ways = [claim, send] if round_number % 2 else [send, claim]

        def work(number: int, ways: Any = ways, got: list[Any] = got) -> None:
            try:
                ways[number]()
            except owned.MovedError:
                got.append("late")

        crowd(2, work)
        assert sorted(got) == ["b", "late"]
        assert owned.state(node) in (owned.State.IN_TRANSIT, owned.State.ORPHANED)


def test_one_takes_the_place_of_who_has_ended() -> None:
    """Of threads that adopt a parcel at once one may claim it."""
    for _ in range(ROUNDS):
        thread = threading.Thread(target=int)
        parcel = owned.move(Node("a"), to=thread)
        thread.start()
        thread.join(30)
        everybody = threading.Barrier(THREADS)

        def take(parcel: Any = parcel, everybody: Any = everybody) -> None:
            try:
                owned.adopt(parcel)
            finally:
                everybody.wait(30)  # nobody has ended yet, whom the others could take it over from
            assert parcel.claim().name == "a"

        assert sorted(race(THREADS, take)) == ["WrongThreadError"] * (THREADS - 1) + ["mine"]
