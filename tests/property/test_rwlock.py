# SPDX-License-Identifier: MIT
"""RWLock on real threads, which may end with a side in their hands, against an oracle of who may do what."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import owned
from actors import Actor

ACTORS = 3
actors = st.integers(0, ACTORS - 1)
sides = st.sampled_from(["read", "write"])


class Sides(RuleBasedStateMachine):
    """The oracle counts what each life of an actor holds; every call is predicted, and every prediction is tried."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = owned.RWLock()
        self.items = owned.share(owned.List([1]), lock=self.lock)
        self.wrapped = owned.share(owned.own([1]), lock=self.lock)
        self.held: Counter[tuple[int, str]] = Counter()
        self.dead: set[int] = set()
        self.lives = 0
        self.actors = [self.new_actor() for _ in range(ACTORS)]

    def new_actor(self) -> tuple[int, Actor]:
        self.lives += 1
        actor = Actor(f"life {self.lives}")
        actor(owned.List)  # from now on the core knows the thread
        return self.lives, actor

    def teardown(self) -> None:
        for _, actor in self.actors:
            actor.end()

    def has(self, side: str) -> set[int]:
        return {life for (life, which), count in self.held.items() if count and which == side}

    def try_to(self, actor: Actor, call: Callable[..., Any], *args: Any) -> Any:
        try:
            return actor(call, *args)
        except owned.OwnershipError as error:
            return type(error).__name__

    def would_get(self, life: int, side: str) -> bool | str:
        if life in self.has("write") or (side == "read" and life in self.has("read")):
            return True
        if side == "write" and life in self.has("read"):
            return "LockOrderError"
        in_the_way = self.has("write") | (self.has("read") if side == "write" else set())
        return "OrphanedError" if in_the_way & self.dead else not in_the_way

    @rule(who=actors, side=sides, timeout=st.sampled_from([0, 0.001]))
    def acquire(self, who: int, side: str, timeout: float) -> None:
        life, actor = self.actors[who]
        expected = self.would_get(life, side)
        assert self.try_to(actor, getattr(self.lock, side).acquire, True, timeout) == expected
        self.held[life, side] += expected is True

    @rule(who=actors, side=sides)
    def release(self, who: int, side: str) -> None:
        life, actor = self.actors[who]
        expected = None if self.held[life, side] else "LockNotHeldError"
        assert self.try_to(actor, getattr(self.lock, side).release) == expected
        self.held[life, side] -= expected is None

    @rule(who=actors)
    def touch(self, who: int) -> None:
        life, actor = self.actors[who]
        writes = life in self.has("write")
        reads = writes or life in self.has("read")
        for items in (self.items, self.wrapped):
            assert self.try_to(actor, lambda items=items: items[0]) == (1 if reads else "LockNotHeldError")
            for write in (lambda items: items.reverse(), lambda items: items.__setitem__(0, 1)):
                assert self.try_to(actor, write, items) == (None if writes else "LockNotHeldError")

    @rule(who=actors)
    def end(self, who: int) -> None:
        life, actor = self.actors[who]
        actor.end()
        if life in self.has("read") | self.has("write"):
            self.dead.add(life)
        self.actors[who] = self.new_actor()

    @rule(who=actors)
    def adopt(self, who: int) -> None:
        life, actor = self.actors[who]
        readers, writers = self.has("read"), self.has("write")
        if not readers | writers:
            expected: Any = ValueError
        elif life in writers | readers or (readers | writers) & self.dead:
            expected = self.lock
        else:
            expected = "LockNotHeldError"
        try:
            result = self.try_to(actor, owned.adopt, self.lock)
        except ValueError as error:
            result = type(error)
        assert result == expected
        for dead in readers & self.dead:
            self.held[dead, "read"] = 0
        for dead in writers & self.dead:
            self.held[dead, "write"] = 0
            self.held[life, "write"] = 1

    @invariant()
    def told(self) -> None:
        readers, writers = self.has("read"), self.has("write")
        assert self.lock.locked() == bool(readers | writers)
        assert self.lock.read.locked() == bool(writers)
        text = repr(self.lock)
        assert text.startswith("<write" if writers else "<read" if readers else "<unlocked")
        owner = owned.owner(self.items)
        assert (owner and owner.name) == (f"life {min(writers)}" if writers else None)


Sides.TestCase.settings = settings(
    max_examples=12 * int(os.environ.get("OWNED_STRESS", "1")), stateful_step_count=30, deadline=None
)
TestSides = Sides.TestCase
