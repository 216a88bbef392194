# SPDX-License-Identifier: MIT
"""Random verbs on real threads against a small oracle of who may touch what."""

from __future__ import annotations

import itertools
import os
from typing import Any

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

import owned
from actors import Actor
from guarded import Node

ACTORS = 3
actors = st.integers(0, ACTORS - 1)


@attrs.define(eq=False)
class Thing:
    """What the oracle knows of one node."""

    node: Any
    state: str  # "private", "shared", "moved"
    who: int  # private: the number of the actor's life; else -1
    lock: Any = None
    child: Thing | None = None


class Regions(RuleBasedStateMachine):
    """The oracle follows every verb; each touch is predicted, and each prediction is tried."""

    things = Bundle("things")
    parcels = Bundle("parcels")

    def __init__(self) -> None:
        super().__init__()
        self.lives = itertools.count()
        self.actors = [self.new_actor() for _ in range(ACTORS)]
        self.locks = [owned.RLock(), owned.Lock()]
        self.holders: dict[int, int] = {}
        self.all: list[Thing] = []
        self.ended: set[int] = set()
        self.heirs: dict[int, int] = {}
        self.threads: dict[int, Any] = {}

    def new_actor(self) -> tuple[int, Actor]:
        life = next(self.lives)
        actor = Actor(f"life {life}")
        actor(Node)  # from now on the core knows the thread
        return life, actor

    def teardown(self) -> None:
        for number, holder in list(self.holders.items()):
            self.actors[holder][1](self.locks[number].release)
        for _, actor in self.actors:
            actor.end()

    # -- the oracle

    def present(self, life: int) -> int:
        while life in self.heirs:
            life = self.heirs[life]
        return life

    def refusal(self, actor: int, thing: Thing) -> type[owned.OwnershipError] | None:
        """The error that the actor gets when it touches the thing, if any."""
        life = self.actors[actor][0]
        if thing.state == "moved":
            return owned.MovedError
        if thing.state == "shared":
            return None if self.holders.get(thing.lock) == actor else owned.LockNotHeldError
        who = self.present(thing.who)
        if who == life:
            return None
        return owned.OrphanedError if who in self.ended else owned.WrongThreadError

    def is_mine(self, actor: int, thing: Thing) -> bool:
        return thing.state == "private" and self.present(thing.who) == self.actors[actor][0]

    def reach(self, actor: int, thing: Thing | None) -> list[Thing]:
        """The actor's private things from here on: what a deep verb takes along."""
        taken: list[Thing] = []
        while thing is not None and thing not in taken and self.is_mine(actor, thing):
            taken.append(thing)
            thing = thing.child
        return taken

    def run(self, actor: int, expected: type[BaseException] | None, function: Any, *args: Any) -> Any:
        try:
            result = self.actors[actor][1](function, *args)
        except owned.OwnershipError as error:
            assert type(error) is expected, (type(error), expected, str(error))
            return None
        assert expected is None, (expected, result)
        return result

    # -- the rules

    @rule(target=things, actor=actors)
    def make(self, actor: int) -> Thing:
        thing = Thing(self.actors[actor][1](Node), "private", self.actors[actor][0])
        self.all.append(thing)
        return thing

    @rule(actor=actors, thing=things)
    def write(self, actor: int, thing: Thing) -> None:
        self.run(actor, self.refusal(actor, thing), setattr, thing.node, "name", "written")

    @rule(actor=actors, parent=things, child=things)
    def link(self, actor: int, parent: Thing, child: Thing) -> None:
        expected = self.refusal(actor, parent)
        self.run(actor, expected, setattr, parent.node, "next", child.node)
        if expected is None:
            parent.child = child
            if parent.state == "shared":
                for thing in self.reach(actor, child):
                    thing.state, thing.lock = "shared", parent.lock

    @rule(actor=actors, thing=things, lock=st.integers(0, 1))
    def share(self, actor: int, thing: Thing, lock: int) -> None:
        if thing.state == "shared":
            expected = None if thing.lock == lock else owned.OwnershipError
        else:
            expected = self.refusal(actor, thing)
        self.run(actor, expected, lambda: owned.share(thing.node, lock=self.locks[lock]) and None)
        for reached in self.reach(actor, thing):
            reached.state, reached.lock = "shared", lock

    @rule(target=parcels, actor=actors, thing=things)
    def move(self, actor: int, thing: Thing) -> Any:
        expected = owned.OwnershipError if thing.state == "shared" else self.refusal(actor, thing)
        parcel = self.run(actor, expected, owned.move, thing.node)
        if parcel is None:
            return multiple()
        taken = self.reach(actor, thing)
        for reached in taken:
            reached.state = "moved"
        return [parcel, taken]

    @rule(actor=actors, parcel=parcels)
    def claim(self, actor: int, parcel: list[Any]) -> None:
        box, taken = parcel
        self.run(actor, None if taken else owned.MovedError, lambda: box.claim() and None)
        for thing in taken:
            thing.state, thing.who = "private", self.actors[actor][0]
        parcel[1] = []

    @rule(actor=actors, lock=st.integers(0, 1))
    def take(self, actor: int, lock: int) -> None:
        if lock not in self.holders:
            self.actors[actor][1](self.locks[lock].acquire)
            self.holders[lock] = actor

    @rule(actor=actors, lock=st.integers(0, 1))
    def release(self, actor: int, lock: int) -> None:
        mine = self.holders.get(lock) == actor
        self.run(actor, None if mine else owned.LockNotHeldError, self.locks[lock].release)
        if mine:
            del self.holders[lock]

    @rule(actor=actors)
    def end(self, actor: int) -> None:
        if actor in self.holders.values():
            return
        life, old = self.actors[actor]
        old.end()
        self.ended.add(life)
        self.threads[life] = old.thread
        self.actors[actor] = self.new_actor()

    @rule(actor=actors, thing=things)
    def adopt(self, actor: int, thing: Thing) -> None:
        orphaned = thing.state == "private" and self.present(thing.who) in self.ended
        if thing.state == "shared":
            expected: type[owned.OwnershipError] | None = owned.OwnershipError
        else:
            expected = None if orphaned else self.refusal(actor, thing)
        self.run(actor, expected, lambda: owned.adopt(thing.node) and None)
        walked: Thing | None = thing if orphaned else None
        while walked is not None and walked.state == "private" and self.present(walked.who) in self.ended:
            walked.who = self.actors[actor][0]
            walked = walked.child

    @rule(actor=actors, data=st.data())
    def adopt_thread(self, actor: int, data: st.DataObject) -> None:
        if not self.threads:
            return
        life = data.draw(st.sampled_from(sorted(self.threads)))
        present = self.present(life)
        me = self.actors[actor][0]
        expected = owned.WrongThreadError if present not in self.ended and present != me else None
        self.run(actor, expected, lambda: owned.adopt(self.threads[life]) and None)
        if present in self.ended:
            self.heirs[present] = me

    @invariant()
    def everybody_is_predicted(self) -> None:
        """Every actor touches every thing, and gets what the oracle says."""
        for thing in self.all[-3:]:
            for actor in range(ACTORS):
                self.run(actor, self.refusal(actor, thing), getattr, thing.node, "name")


Regions.TestCase.settings = settings(
    max_examples=15 * int(os.environ.get("OWNED_STRESS", "1")), stateful_step_count=25, deadline=None
)
TestRegions = Regions.TestCase
