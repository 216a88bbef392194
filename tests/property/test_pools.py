# SPDX-License-Identifier: MIT
"""A pool against an oracle: whoever's an object is by the rules, touches it, and nobody else does."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

import owned
from actors import Actor
from guarded import Node
from owned import ThreadPoolExecutor, move

NOBODY = -1


def work(nodes: tuple[Any, ...], made: int, fails: bool) -> tuple[Any, ...]:
    """Touch what was handed over, make more, and return or raise all of it."""
    result = tuple(node.claim() for node in nodes) + tuple(Node("made") for _ in range(made))
    for node in result:
        node.rename("worked on")
    if fails:
        raise LookupError(*result)
    return result


class Pools(RuleBasedStateMachine):
    """Three threads hand objects to a pool of two and take what comes back."""

    futures = Bundle("futures")

    @initialize()
    def begin(self) -> None:
        self.actors = [Actor(f"actor-{i}") for i in range(3)]
        self.pool = ThreadPoolExecutor(2)
        self.whose: dict[Any, int] = {}  # Node -> the number of the actor that owns it, or NOBODY

    @rule(actor=st.integers(0, 2))
    def make(self, actor: int) -> None:
        """An actor has one more object."""
        self.whose[self.actors[actor](Node)] = actor

    @rule(
        target=futures,
        actor=st.integers(0, 2),
        count=st.integers(0, 2),
        made=st.integers(0, 3),
        fails=st.booleans(),
    )
    def submit(self, actor: int, count: int, made: int, fails: bool) -> Any:
        """An actor hands over some of what it has; a task makes more."""
        mine = tuple([node for node, owner in self.whose.items() if owner == actor][:count])

        def hand_over() -> Any:
            if mine:
                with_refusal(lambda: self.pool.submit(work, mine, made, fails))
            return self.pool.submit(work, tuple(move(node) for node in mine), made, fails)

        future = self.actors[actor](hand_over)
        for node in mine:
            self.whose[node] = NOBODY
        return [future, len(mine) + made, fails]

    @rule(future=futures, actor=st.integers(0, 2), asks_for_exception=st.booleans())
    def take(self, future: Any, actor: int, asks_for_exception: bool) -> None:
        """Whoever is first owns all of it."""

        def take() -> Any:
            if asks_for_exception and future[2]:
                return future[0].exception(timeout=30).args
            try:
                return future[0].result(timeout=30)
            except LookupError as error:
                return error.args

        nodes = self.actors[actor](take)
        assert len(nodes) == future[1]
        if len(future) == 3:
            future.append("taken")
            self.whose.update((node, actor) for node in nodes)

    @rule(future=consumes(futures))
    def forget(self, future: Any) -> None:
        """A result that nobody asks for."""

    @invariant()
    def everybody_touches_his_own(self) -> None:
        """And nothing else."""
        if not hasattr(self, "actors"):
            return
        for i, actor in enumerate(self.actors):
            mine = [node for node, owner in self.whose.items() if owner == i]
            others = [node for node, owner in self.whose.items() if owner != i]
            assert actor(lambda mine=mine: [node.rename("mine") for node in mine]) is not None
            actor(lambda others=others: [with_refusal(lambda node=node: node.name) for node in others])

    def teardown(self) -> None:
        if hasattr(self, "actors"):
            self.pool.shutdown()
            for actor in self.actors:
                actor.end()


def with_refusal(touch: Any) -> None:
    """Touching has to be refused."""
    try:
        touch()
    except owned.OwnershipError:
        return
    raise AssertionError("it was let through")


TestPools = Pools.TestCase
TestPools.settings = settings(
    max_examples=15 * int(os.environ.get("OWNED_STRESS", "1")), stateful_step_count=12, deadline=None, database=None
)
