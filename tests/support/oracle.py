# SPDX-License-Identifier: MIT
"""An oracle of sharing: what each call may answer, and what it changes, with several calls under way at once.

A ``World`` is who may touch what now. An ``Op`` is one call by one thread; it knows the answers that it may give in a
world, each with the world after it, and none where it has to wait. ``explain`` looks for an order of the calls that
have answered in which each gives the answer it gave, and after which none of those that still wait could go on.
"""

from __future__ import annotations

import abc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

Answer = tuple[Any, ...]
"""("error", the exception's name), or what the call returned, in words of the oracle."""

Part = tuple[int, str]
"""A lock's number, and the side: "write" or "read"; a lock without sides has "write"."""


def error(name: str) -> Answer:
    """The answer of a call that raised."""
    return ("error", name)


DONE: Answer = ("done",)
YES: Answer = (True,)
NO: Answer = (False,)


@attrs.frozen
class LockState:
    """A lock: ``owner`` holds it (its write side) ``depth`` times; who holds the read side, and how often."""

    kind: str  # "Lock", "RLock", "RWLock"
    owner: int | None = None
    depth: int = 0
    readers: tuple[tuple[int, int], ...] = ()

    def reads(self, who: int) -> int:
        """How often `who` holds the read side."""
        return dict(self.readers).get(who, 0)

    def with_reads(self, who: int, count: int) -> LockState:
        """The same, where `who` holds the read side `count` times."""
        readers = {**dict(self.readers), who: count}
        return attrs.evolve(self, readers=tuple(sorted((w, n) for w, n in readers.items() if n)))


@attrs.frozen
class ChannelState:
    """A channel: its items from the oldest on."""

    maxsize: int
    items: tuple[Answer, ...] = ()
    closed: bool = False


@attrs.define(eq=False)
class World:
    """Who may touch what.

    Attributes:
        things: by number: ("private", who), ("shared", lock), ("frozen",), ("moved",), ("working",) while a pool has
            it, ("unborn",) before the task that makes it has given it away.
        locks: by number.
        channels: by number.
        parcels: by number: the thing inside, or None once claimed.
        futures: by number: the things that the first who asks is given, and nobody afterwards.
        ended: whose thread has ended.
    """

    things: dict[int, tuple[Any, ...]] = attrs.Factory(dict)
    locks: dict[int, LockState] = attrs.Factory(dict)
    channels: dict[int, ChannelState] = attrs.Factory(dict)
    parcels: dict[int, int | None] = attrs.Factory(dict)
    futures: dict[int, tuple[int, ...]] = attrs.Factory(dict)
    ended: frozenset[int] = frozenset()

    def key(self) -> tuple[Any, ...]:
        """Two worlds with the same key are the same."""
        parts = (self.things, self.locks, self.channels, self.parcels, self.futures)
        return (self.ended, *(tuple(sorted(part.items())) for part in parts))

    def but(self, **changes: Mapping[int, Any]) -> World:
        """A copy with entries changed: ``but(things={3: ("frozen",)})``."""
        changed: dict[str, Any] = {name: {**getattr(self, name), **new} for name, new in changes.items()}
        return attrs.evolve(self, **changed)

    def holds(self, who: int, lock: int, side: str) -> bool:
        """Does `who` hold the lock, so that it may write, or at least read?"""
        state = self.locks[lock]
        return state.owner == who or (side == "read" and state.reads(who) > 0)

    def held_by(self, who: int) -> Iterator[Part]:
        """The sides of locks that `who` holds."""
        for number, state in self.locks.items():
            if state.owner == who:
                yield number, "write"
            if state.reads(who):
                yield number, "read"

    def refusal(self, who: int, thing: int, *, writes: bool = True) -> str | None:
        """The error that `who` gets who touches the thing, if any."""
        match self.things[thing]:
            case ("private", owner) if owner == who:
                return None
            case ("private", owner):
                return "OrphanedError" if owner in self.ended else "WrongThreadError"
            case ("shared", lock):
                return None if self.holds(who, lock, "write" if writes else "read") else "LockNotHeldError"
            case ("frozen",):
                return "FrozenError" if writes else None
        return "MovedError"


Answers = list[tuple[Answer, World]]


@attrs.define(eq=False)
class Op(abc.ABC):
    """A call by the thread whose number is `me`."""

    me: int

    @abc.abstractmethod
    def answers(self, world: World, others: Collection[Op]) -> Answers:
        """What it may answer now, while the calls of `others` are under way; nothing if it has to wait."""

    def is_due(self, world: World, others: Collection[Op]) -> bool:
        """Is it wrong that it still waits?"""
        return bool(self.answers(world, others))

    def locks(self) -> set[int]:
        """The locks that it is about."""
        return set()


@attrs.define(eq=False)
class Touch(Op):
    """Read or write a field."""

    thing: int
    writes: bool

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        refusal = world.refusal(self.me, self.thing, writes=self.writes)
        if refusal is None:
            return [(DONE, world)]
        names = {refusal}
        state = world.things[self.thing]
        if state == ("working",):  # the pool's thread has it, or it is on its way from or to it
            names |= {"WrongThreadError", "OrphanedError"}
        if refusal == "WrongThreadError" and any(
            isinstance(op, Put) and op.item == ("thing", self.thing) for op in others
        ):
            names.add("MovedError")  # it waits in front of a full channel
        return [(error(name), world) for name in names]


@attrs.define(eq=False)
class Share(Op):
    """``share(thing, lock=lock)``."""

    thing: int
    lock: int

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        match world.things[self.thing]:
            case ("shared", lock):
                return [(DONE if lock == self.lock else error("OwnershipError"), world)]
            case ("frozen",):
                return [(error("FrozenError"), world)]
        refusal = world.refusal(self.me, self.thing)
        if refusal is not None:
            return refused_elsewhere(self, self.thing, world, others)
        return [(DONE, world.but(things={self.thing: ("shared", self.lock)}))]


@attrs.define(eq=False)
class Freeze(Op):
    """``freeze(thing)``."""

    thing: int

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        if world.things[self.thing] == ("frozen",):
            return [(DONE, world)]
        if world.refusal(self.me, self.thing) is not None:
            return refused_elsewhere(self, self.thing, world, others)
        return [(DONE, world.but(things={self.thing: ("frozen",)}))]


@attrs.define(eq=False)
class Move(Op):
    """``move(thing)``: the parcel gets a number."""

    thing: int
    parcel: int

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        if world.things[self.thing][0] in ("shared", "frozen"):
            return [(error("OwnershipError"), world)]
        if world.refusal(self.me, self.thing) is not None:
            return refused_elsewhere(self, self.thing, world, others)
        return [(DONE, world.but(things={self.thing: ("moved",)}, parcels={self.parcel: self.thing}))]


@attrs.define(eq=False)
class Claim(Op):
    """``parcel.claim()``."""

    parcel: int

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        thing = world.parcels[self.parcel]
        if thing is None:
            return [(error("MovedError"), world)]
        return [(("thing", thing), world.but(things={thing: ("private", self.me)}, parcels={self.parcel: None}))]


@attrs.define(eq=False)
class Adopt(Op):
    """``adopt(thing)``."""

    thing: int

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        match world.things[self.thing]:
            case ("shared", _) | ("frozen",):
                return [(error("OwnershipError"), world)]
            case ("private", owner) if owner in world.ended or owner == self.me:
                return [(DONE, world.but(things={self.thing: ("private", self.me)}))]
        return refused_elsewhere(self, self.thing, world, others)


def refused_elsewhere(op: Op, thing: int, world: World, others: Collection[Op]) -> Answers:
    """A verb is refused as a write would be."""
    return Touch(op.me, thing, writes=True).answers(world, others)


# -- locks


@attrs.define(eq=False)
class Take(Op):
    """``acquire`` of a lock, a side of one, or several together, which it tries, waits for a moment, or for ever."""

    parts: tuple[Part, ...]
    patience: str  # "none", "short", "for ever"

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        answers, decided_at = self._in_turn(world)
        before = self.parts[:decided_at]  # these it takes first, and may be kept out of
        if self.patience != "for ever" and (NO, world) not in answers and self._may_be_kept_out(before, others):
            answers.append((NO, world))
        return answers

    def _in_turn(self, world: World) -> tuple[Answers, int]:
        """The answer if nobody else is on its way, and which part decides."""
        locks = dict(world.locks)
        for i, (number, side) in enumerate(self.parts):  # they are taken in this order
            state = locks[number]
            if side == "write" and state.reads(self.me) and state.owner != self.me:
                return [(error("LockOrderError"), world)], i
            if any(who in world.ended for who in holders(state)) and not may_join(state, side):
                return [(error("OrphanedError"), world)], i
            after = taken(state, side, self.me)
            if after is not None:
                locks[number] = after
            elif self.patience != "for ever":
                return [(NO, world)], i
            elif state.owner == self.me and state.kind == "Lock":
                return [(error("LockOrderError"), world)], i
            else:
                return [], i
        return [(YES, attrs.evolve(world, locks=locks))], len(self.parts)

    def is_due(self, world: World, others: Collection[Op]) -> bool:
        return bool(self.answers(world, others)) and not self._may_be_kept_out(self.parts, others)

    def locks(self) -> set[int]:
        return {number for number, _ in self.parts}

    def takes_one_of_several(self, lock: int) -> bool:
        """May it hold this lock for a moment, while it waits for another one?"""
        return len(self.parts) > 1 and any(number == lock for number, _ in self.parts)

    def _may_be_kept_out(self, parts: Sequence[Part], others: Collection[Op]) -> bool:
        """Is somebody else on its way who may stand before us though the lock is free?

        A writer that waits keeps readers out, and who takes several locks may hold the first and wait for the next.
        """
        takes = [other for other in others if isinstance(other, Take) and other.me != self.me]
        return any(
            take.takes_one_of_several(number) or (side == "read" and (number, "write") in take.parts)
            for take in takes
            for number, side in parts
        )


def holders(state: LockState) -> list[int]:
    """Who holds the lock, on any side."""
    return [who for who, _ in state.readers] + ([] if state.owner is None else [state.owner])


def may_join(state: LockState, side: str) -> bool:
    """May one more reader come in beside those who hold it?"""
    return side == "read" and state.owner is None


def taken(state: LockState, side: str, who: int) -> LockState | None:
    """The lock once `who` has taken the side, or None if that has to wait."""
    if side == "read":
        return state.with_reads(who, state.reads(who) + 1) if state.owner in (None, who) else None
    if state.owner == who:
        return None if state.kind == "Lock" else attrs.evolve(state, depth=state.depth + 1)
    return None if holders(state) else attrs.evolve(state, owner=who, depth=1)


@attrs.define(eq=False)
class Release(Op):
    """``release`` of what one ``Take`` takes."""

    parts: tuple[Part, ...]

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        locks = dict(world.locks)
        for number, side in self.parts:
            state = locks[number]
            if not (state.reads(self.me) if side == "read" else state.owner == self.me):
                return [(error("LockNotHeldError"), world)]
            if side == "read":
                locks[number] = state.with_reads(self.me, state.reads(self.me) - 1)
            elif state.depth > 1:
                locks[number] = attrs.evolve(state, depth=state.depth - 1)
            else:
                locks[number] = attrs.evolve(state, owner=None, depth=0)
        return [(DONE, attrs.evolve(world, locks=locks))]


@attrs.define(eq=False)
class AdoptLock(Op):
    """``adopt(lock)``."""

    lock: int

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        state = world.locks[self.lock]
        if state.owner is None:
            answers: Answers = [(error("ValueError"), world)]
            if any(isinstance(other, Take) and other.takes_one_of_several(self.lock) for other in others):
                answers.append((error("LockNotHeldError"), world))
            return answers
        if state.owner == self.me:
            return [(DONE, world)]
        if state.owner not in world.ended:
            return [(error("LockNotHeldError"), world)]
        return [(DONE, world.but(locks={self.lock: attrs.evolve(state, owner=self.me, depth=1)}))]


# -- channels


@attrs.define(eq=False)
class Put(Op):
    """``channel.put(item)`` of a thing, a number, or a list that nobody guards."""

    channel: int
    item: Answer  # ("thing", number), ("number", n), ("unguarded",)
    patience: str

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        if self.item == ("unguarded",):
            return [(error("TypeError"), world), (error("ChannelClosed"), world)]
        moved: dict[int, Any] = {}
        state = world.channels[self.channel]
        closed: Answers = [(error("ChannelClosed"), world)] if state.closed else []
        if self.item[0] == "thing" and world.things[self.item[1]][0] not in ("shared", "frozen"):
            if world.refusal(self.me, self.item[1]) is not None:
                return closed + refused_elsewhere(self, self.item[1], world, others)
            moved = {self.item[1]: ("moved",)}
        if closed:
            return closed
        if state.maxsize and len(state.items) >= state.maxsize:
            return [] if self.patience == "for ever" else [(error("Full"), world)]
        after = attrs.evolve(state, items=(*state.items, self.item))
        return [(DONE, world.but(things=moved, channels={self.channel: after}))]


@attrs.define(eq=False)
class Get(Op):
    """``channel.get()``, or ``select`` of several: (channel, item)."""

    channels: tuple[int, ...]
    patience: str

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        answers: Answers = []
        for number in self.channels:
            state = world.channels[number]
            if state.items:
                item = state.items[0]
                after = world.but(channels={number: attrs.evolve(state, items=state.items[1:])})
                if item[0] == "thing" and after.things[item[1]] == ("moved",):
                    after = after.but(things={item[1]: ("private", self.me)})
                answers.append((("got", number, *item), after))
        if not answers and all(world.channels[number].closed for number in self.channels):
            return [(error("ChannelClosed"), world)]
        if not answers and self.patience != "for ever":
            return [(error("Empty"), world)]
        return answers


@attrs.define(eq=False)
class Close(Op):
    """``channel.close()``."""

    channel: int

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        return [(DONE, world.but(channels={self.channel: attrs.evolve(world.channels[self.channel], closed=True)}))]


# -- pools


@attrs.define(eq=False)
class Submit(Op):
    """``pool.submit(task, move(thing))``, or without ``move``: the task writes to it, and gives something back."""

    future: int
    thing: int
    moves: bool
    gives: int  # the thing that comes back

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        is_common = world.things[self.thing][0] in ("shared", "frozen")
        if self.moves and is_common:
            return [(error("OwnershipError"), world)]
        if not is_common and world.refusal(self.me, self.thing) is not None:
            return refused_elsewhere(self, self.thing, world, others)
        things = {} if is_common else {self.thing: ("working",)}
        return [(DONE, world.but(things=things, futures={self.future: tuple({self.gives, self.thing})}))]


@attrs.define(eq=False)
class Result(Op):
    """``future.result()``: whoever is first owns what comes, and what the task had claimed."""

    future: int
    raises: bool

    def answers(self, world: World, others: Collection[Op]) -> Answers:
        taken = {
            thing: ("private", self.me)
            for thing in world.futures[self.future]
            if world.things[thing] in (("working",), ("unborn",))
        }
        answer: Answer = error("TaskFailed") if self.raises else ("given", self.future)
        return [(answer, world.but(things=taken, futures={self.future: ()}))]


# -- several calls at once


def explain(worlds: Iterable[World], ops: Sequence[Op], answered: Mapping[Op, Answer]) -> list[World]:
    """The worlds after the calls that have answered, in any order that explains all the answers.

    Args:
        worlds: the worlds that may be the real one.
        ops: the calls under way.
        answered: those of them that have answered, and what.

    Returns:
        The worlds in which it is right that the other calls still wait; none if the answers are wrong, or if one of the
        calls that wait has to answer before anything can be said.
    """
    found: dict[Any, World] = {}
    seen = set()
    waiting = [op for op in ops if op not in answered]
    stack = [(world, frozenset(answered)) for world in worlds]
    while stack:
        world, left = stack.pop()
        key = (world.key(), left)
        if key in seen:
            continue
        seen.add(key)
        if not left:
            if not any(op.is_due(world, [other for other in waiting if other is not op]) for op in waiting):
                found[key] = world
            continue
        for op in left:
            others = [*waiting, *(other for other in left if other is not op)]
            for answer, after in op.answers(world, others):
                if answer == answered[op]:
                    stack.append((after, left - {op}))
    return list(found.values())
