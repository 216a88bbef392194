# SPDX-License-Identifier: MIT
"""Regions, locks, channels and pools on eight threads against an oracle: every answer is one that it explains."""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import os
import queue
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

import crowds
import owned
from actors import Actor
from guarded import Node
from oracle import (
    DONE,
    NO,
    YES,
    Adopt,
    AdoptLock,
    Answer,
    ChannelState,
    Claim,
    Close,
    Freeze,
    Get,
    LockState,
    Move,
    Op,
    Part,
    Put,
    Release,
    Result,
    Share,
    Submit,
    Take,
    Touch,
    World,
    explain,
)
from owned import _core

ACTORS = 8
LIMIT = float(os.environ.get("OWNED_STUCK_AFTER", "60"))  # seconds; what takes longer is stuck
SHORT = 0.001
CHAIN = 3  # the nodes of a thing
MOST_THINGS = 24
TURNS = int(os.environ.get("OWNED_TURNS", "10"))  # of each thread in a crowd

tally: Counter[str] = Counter()
"""What has been done, for reports."""


def echo(node: Node) -> Node:
    """A task: use the thing, and give it back."""
    if owned.state(node) == "private":
        node.name = "worked"
    return node


def make(node: Node) -> Node:
    """A task that gives back something new."""
    return chain()[0]


def fail(node: Node) -> None:
    """A task that fails with what it was given in its hands."""
    raise TaskFailed(node)


TASKS = {"echo": echo, "make": make, "fail": fail}


class Stuck(BaseException):
    """Not an Exception: hypothesis would run what is stuck again and again."""


class TaskFailed(Exception):
    """What a task of the pool raises."""


def where_everybody_stands() -> str:
    """The stacks of all threads."""
    with tempfile.TemporaryFile("w+") as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        return file.read()


def chain() -> list[Node]:
    """A thing: a node that holds on to others, which go where it goes. The first is what verbs are told of."""
    nodes = [Node("0")]
    for number in range(1, CHAIN):
        nodes.append(Node(str(number), None))
        nodes[-2].next = nodes[-1]
    return nodes


def region() -> list[Any]:
    """A thing: a region, and what was born in it."""
    with owned.Region() as born_here:
        nodes = [Node(str(number)) for number in range(CHAIN - 1)]
    return [born_here, *nodes]


def answer_of(function: Callable[[], Answer]) -> Answer:
    """What a call answers, in the oracle's words."""
    try:
        return function()
    except Exception as raised:
        return ("error", type(raised).__name__)


def done(_result: object) -> Answer:
    """The answer of a call whose result says nothing."""
    return DONE


def closed(channel: Any) -> Answer:
    """The answer of close()."""
    return done(channel.close())


Command = tuple[str, int, int, int]
KINDS = (
    *("touch", "touch", "touch", "share", "freeze", "move", "claim", "claim", "adopt"),
    *("take", "take", "take", "release", "release", "adopt lock"),
    *("put", "put", "put", "get", "get", "get", "select", "close"),
    *("submit", "submit", "result", "result"),
)
CROWDS = [
    *(("count", kind) for kind in crowds.COUNTERS),
    *(("race", kind) for kind in crowds.RACES),
    *(("stream", kind) for kind in crowds.STREAMS),
]
numbers = st.integers(0, 63)
commands = st.tuples(st.sampled_from(KINDS), st.integers(0, ACTORS - 1), numbers, numbers)
PATIENCE = ("none", "short", "for ever")


class Sharing(RuleBasedStateMachine):
    """Each step is a round: calls that start together on threads of their own. Calls that wait stay under way.

    A round is over when the answers can be explained, and it is right that the calls which have not answered wait on.
    """

    def __init__(self) -> None:
        super().__init__()
        tally["examples"] += 1
        self.lives = 0
        self.told: list[str] = []
        self.actors: list[tuple[int, Actor]] = []
        self.reports: queue.SimpleQueue[tuple[Op, Answer]] = queue.SimpleQueue()
        self.may_wait = 0
        self.waiting: dict[Op, int] = {}  # calls that have not answered, and the place of the actor that is in it
        self.things: list[list[Any]] = []  # what verbs are told of, and what is touched
        self.parcels: list[Any] = []
        self.futures: list[Any] = []
        self.given: list[int] = []  # the thing that each future gives
        self.locks: list[Any] = [owned.RWLock(), owned.Lock(), owned.RLock()]
        self.channels = [owned.Channel(), owned.Channel(2), owned.Channel(1)]
        self.pool = owned.ThreadPoolExecutor(2)
        self.worlds = [
            World(
                locks={number: LockState(type(lock).__name__) for number, lock in enumerate(self.locks)},
                channels={number: ChannelState(channel.maxsize) for number, channel in enumerate(self.channels)},
            )
        ]
        both, first, second = self.locks
        self.handles: list[tuple[tuple[Part, ...], Any]] = [
            (((0, "write"),), both),
            (((0, "write"),), both.write),
            (((0, "read"),), both.read),
            (((0, "read"),), both.read),
            (((1, "write"),), first),
            (((2, "write"),), second),
            (((1, "write"), (2, "write")), first + second),
            (((0, "read"), (2, "write")), both.read + second),
            (((0, "write"), (1, "write"), (2, "write")), both + first + second),
        ]
        assert sorted(self.locks, key=_core.lock_ordinal) == self.locks  # the order in which several are taken
        for _ in range(ACTORS):
            self.actors.append(self.new_actor())

    def new_actor(self) -> tuple[int, Actor]:
        self.lives += 1
        actor = Actor(f"life {self.lives}")
        actor(Node)  # from now on the core knows the thread
        return self.lives, actor

    def teardown(self) -> None:
        """Close, give back, end: what waits must go on then."""
        try:
            for number, channel in enumerate(self.channels):
                self.round([(None, Close(0, number), functools.partial(closed, channel))])
            while self.waiting or any(self.held(place) for place in range(ACTORS)):
                free = [place for place in self.free() if self.held(place)]
                if free:
                    part = self.held(free[0])[-1]
                    self.round([self.release_op(free[0], (part,), self.side(part))])
                else:
                    self.round([], least=1)
            self.pool.shutdown(wait=True)
            for _, actor in self.actors:
                actor.end()
        except BaseException as raised:
            raised.add_note(self.story())
            raise

    def side(self, part: Part) -> Any:
        lock = self.locks[part[0]]
        return lock.read if part[1] == "read" else lock

    # -- rounds

    def free(self) -> list[int]:
        busy = set(self.waiting.values())
        return [place for place in range(ACTORS) if place not in busy]

    def held(self, place: int) -> list[Part]:
        """The sides that the actor holds. All worlds agree on it: it has been told."""
        return list(self.worlds[0].held_by(self.actors[place][0]))

    def round(self, calls: Sequence[tuple[int | None, Op, Callable[[], Answer]]], least: int = 0) -> None:
        """Start the calls together, each on the thread at its place (None: this one), and explain what comes back.

        It is over when that is explained, and there have been `least` answers.
        """
        tally["rounds"] += 1
        tally["calls"] += len(calls)
        self.told.append(" || ".join(f"{op.me}: {told(op)}" for _, op, _ in calls))
        barrier = threading.Barrier(len(calls) or 1)

        def order(op: Op, call: Callable[[], Answer]) -> None:
            try:
                barrier.wait(LIMIT)
                answer = answer_of(call)
            except BaseException as raised:
                answer = ("error", repr(raised))
            self.reports.put((op, answer))

        for place, op, call in calls:
            if place is None:
                order(op, call)
            else:
                self.waiting[op] = place
                self.actors[place][1].tell(functools.partial(order, op, call))
        under_way = [*self.waiting, *(op for place, op, _ in calls if place is None)]
        answered: dict[Op, Answer] = {}
        while True:
            everybody = len(answered) == len(under_way)
            if everybody or (len(answered) >= least and not self.must_answer(under_way, answered)):
                worlds = explain(self.worlds, under_way, answered)
                if worlds:
                    break
                if everybody:
                    self.tell_answers(answered)
                    raise AssertionError(f"no order of the calls explains the answers\n{self.story()}")
            try:
                op, answer = self.reports.get(timeout=LIMIT)
            except queue.Empty:
                self.tell_answers(answered)
                self.stuck(f"{[told(op) for op in under_way if op not in answered]}")
            answered[op] = answer
            self.waiting.pop(op, None)
        self.worlds = worlds
        self.tell_answers(answered)

    def must_answer(self, under_way: Sequence[Op], answered: dict[Op, Answer]) -> bool:
        """Is there a call without an answer that never waits? Then there is nothing to explain yet."""
        return any(op not in answered and getattr(op, "patience", "none") != "for ever" for op in under_way)

    def tell_answers(self, answered: dict[Op, Answer]) -> None:
        self.told.append("   " + "; ".join(f"{op.me}: {told(op)} -> {answer}" for op, answer in answered.items()))
        tally["worlds, at most"] = max(tally["worlds, at most"], len(self.worlds))
        for op, answer in answered.items():
            tally[f"{type(op).__name__} {'refused' if answer[0] == 'error' else 'done'}"] += 1
            if isinstance(op, (Claim, Get, Result, Adopt)) and answer[0] != "error":
                tally["hand-overs"] += 1

    def story(self) -> str:
        return "\n".join(["what was done:", *self.told, f"the worlds it may be: {self.worlds}"])

    def stuck(self, what: str) -> None:
        raise Stuck(f"stuck for {LIMIT} s: {what}\n{self.story()}\n{where_everybody_stands()}")

    # -- from what hypothesis draws to calls

    def pick(self, sequence: Sequence[Any], number: int) -> int:
        return number % len(sequence)

    def call(self, place: int, command: Command) -> tuple[int, Op, Callable[[], Answer]] | None:
        """The call that is meant, or None where there is nothing to call."""
        kind, _, a, b = command
        me = self.actors[place][0]
        if kind in ("touch", "share", "freeze", "move", "adopt", "submit"):
            if not self.things:
                return None
            mine = [number for number, state in self.worlds[0].things.items() if state == ("private", me)]
            thing = mine[a // 2 % len(mine)] if a % 2 and mine else self.pick(self.things, a)
            return self.verb(place, kind, me, thing, b)
        match kind:
            case "claim" if self.parcels:
                return self.claim(place, me, self.pick(self.parcels, a))
            case "take":
                parts, handle = self.handles[self.pick(self.handles, a)]
                return self.take_op(place, parts, handle, b % 3)
            case "release":
                held = self.held(place)
                if held and b % 4:
                    part = held[a % len(held)]
                    return self.release_op(place, (part,), self.side(part))
                parts, handle = self.handles[self.pick(self.handles, a)]
                return self.release_op(place, parts, handle)
            case "adopt lock":
                number = 1 + a % 2
                return place, AdoptLock(me, number), lambda: done(owned.adopt(self.locks[number]))
            case "put":
                return self.put(place, me, a, b)
            case "get":
                number = self.pick(self.channels, a)
                return self.get(place, me, (number,), self.patience(b % 3))
            case "select":
                return self.get(place, me, ((0, 1), (1, 2), (0, 1, 2))[a % 3], self.patience(b % 3))
            case "close" if b % 8 == 0:
                number = self.pick(self.channels, a)
                return place, Close(me, number), functools.partial(closed, self.channels[number])
            case "result" if self.futures:
                number = self.pick(self.futures, a)
                future, raises = self.futures[number]
                if future is None:  # it was refused
                    return None
                return place, Result(me, number, raises), lambda: self.given_by(number, future.result(LIMIT))
        return None

    def patience(self, number: int) -> str:
        """How long the next call waits: somebody has to be left who can end the waiting of the others."""
        if number == 2 and self.may_wait > 0:
            self.may_wait -= 1
            return "for ever"
        return PATIENCE[min(number, 1)]

    def verb(self, place: int, kind: str, me: int, number: int, b: int) -> tuple[int, Op, Callable[[], Answer]] | None:
        whole, *parts = self.things[number]
        if whole is None:  # a task is to make it
            return None
        is_region = isinstance(whole, owned.Region)
        match kind:
            case "touch":
                inside = parts if is_region else [whole, *parts]
                touched = inside[b // 2 % len(inside)]
                if b % 2:
                    return place, Touch(me, number, True), lambda: done(setattr(touched, "name", "written"))
                return place, Touch(me, number, False), lambda: done(touched.name)
            case "share":
                lock = b % 3
                return place, Share(me, number, lock), lambda: done(owned.share(whole, lock=self.locks[lock]))
            case "freeze" if b % 4 == 0 and not is_region:
                return place, Freeze(me, number), lambda: done(owned.freeze(whole))
            case "move":
                parcel = len(self.parcels)
                self.parcels.append(None)
                for world in self.worlds:
                    world.parcels[parcel] = None  # nothing in it, until it is there

                def move() -> Answer:
                    self.parcels[parcel] = owned.move(whole)
                    return DONE

                return place, Move(me, number, parcel), move
            case "adopt":
                return place, Adopt(me, number), lambda: done(owned.adopt(whole))
            case "submit" if not is_region:
                return self.submit(place, me, number, whole, ("echo", "make", "fail")[b % 3])
        return None

    def claim(self, place: int, me: int, number: int) -> tuple[int, Op, Callable[[], Answer]] | None:
        parcel = self.parcels[number]
        if parcel is None:
            return None
        return place, Claim(me, number), lambda: ("thing", self.number_of(parcel.claim()))

    def number_of(self, obj: Any) -> int:
        """Which thing this is, without touching it."""
        return next(number for number, thing in enumerate(self.things) if thing[0] is obj)

    def take_op(
        self, place: int, parts: tuple[Part, ...], handle: Any, number: int
    ) -> tuple[int, Op, Callable[[], Answer]]:
        held = self.held(place)
        if held and max(number for number, _ in held) >= min(number for number, _ in parts):
            number = min(number, 1)  # two threads could wait for each other
        patience = self.patience(number)
        how = {"none": {"blocking": False}, "short": {"timeout": SHORT}, "for ever": {}}[patience]
        return place, Take(self.actors[place][0], parts, patience), lambda: YES if handle.acquire(**how) else NO

    def release_op(self, place: int, parts: tuple[Part, ...], handle: Any) -> tuple[int, Op, Callable[[], Answer]]:
        return place, Release(self.actors[place][0], parts), lambda: done(handle.release())

    def put(self, place: int, me: int, a: int, b: int) -> tuple[int, Op, Callable[[], Answer]]:
        number = b % 3
        channel = self.channels[number]
        things = [n for n, thing in enumerate(self.things) if isinstance(thing[0], Node)]
        mine = [n for n in things if self.worlds[0].things[n] == ("private", me)] or things
        item: tuple[Answer, Any] = (("number", a), a)
        if a % 16 == 0:
            item = (("unguarded",), [])
        elif a % 4 and things:
            some = mine if a % 3 else things
            thing = some[a % len(some)]
            item = (("thing", thing), self.things[thing][0])
        patience = self.patience(b // 3 % 3)
        how = {"none": {"block": False}, "short": {"timeout": SHORT}, "for ever": {}}[patience]
        return place, Put(me, number, item[0], patience), lambda: done(channel.put(item[1], **how))

    def get(self, place: int, me: int, numbers: tuple[int, ...], patience: str) -> tuple[int, Op, Callable[[], Answer]]:
        channels = [self.channels[number] for number in numbers]
        timeout = {"none": 0, "short": SHORT, "for ever": None}[patience]

        def get() -> Answer:
            if len(channels) == 1:
                source = channels[0]
                got = source.get(block=False) if timeout == 0 else source.get(timeout=timeout)
            else:
                source, got = owned.select(*channels, timeout=timeout)
            number = next(number for number in numbers if self.channels[number] is source)
            if isinstance(got, int):
                return ("got", number, "number", got)
            return ("got", number, "thing", self.number_of(got))

        return place, Get(me, numbers, patience), get

    def submit(self, place: int, me: int, number: int, node: Any, task: str) -> tuple[int, Op, Callable[[], Answer]]:
        future = len(self.futures)
        gives = number
        if task == "make":
            gives = len(self.things)
            self.things.append([None])
            for world in self.worlds:
                world.things[gives] = ("unborn",)
        self.futures.append((None, task == "fail"))
        self.given.append(gives)
        moves = self.worlds[0].things[number][0] not in ("shared", "frozen")

        def submit() -> Answer:
            started = self.pool.submit(TASKS[task], owned.move(node) if moves else node)
            self.futures[future] = (started, task == "fail")
            return DONE

        return place, Submit(me, future, number, moves, gives), submit

    def given_by(self, number: int, given: Node) -> Answer:
        """The task's thing: new ones are known from now on."""
        thing = self.things[self.given[number]]
        if thing[0] is None:
            thing[0] = given
        assert thing[0] is given
        return ("given", number)

    # -- the rules

    @initialize(kinds=st.lists(st.sampled_from([chain, chain, region]), min_size=2, max_size=ACTORS))
    def make_some(self, kinds: list[Callable[[], list[Any]]]) -> None:
        for place, kind in enumerate(kinds):
            self.make(place, kind)

    @precondition(lambda self: len(self.things) < MOST_THINGS)
    @rule(place=st.integers(0, ACTORS - 1), kind=st.sampled_from([chain, chain, region]))
    def make(self, place: int, kind: Callable[[], list[Any]]) -> None:
        place = self.free()[place % len(self.free())]
        life, actor = self.actors[place]
        number = len(self.things)
        self.things.append(actor(kind))
        for world in self.worlds:
            world.things[number] = ("private", life)
        self.told.append(f"{life}: {kind.__name__} {number}")

    @rule(place=st.integers(0, ACTORS - 1), with_locks=st.integers(0, 3))
    def end(self, place: int, with_locks: int) -> None:
        """A thread ends, now and then with locks that it holds; another one comes."""
        place = self.free()[place % len(self.free())]
        held = {number for number, _ in self.held(place)}
        if held and (with_locks or any(held & op.locks() for op in self.waiting)):
            return  # who waits already looks up twice a second only
        life, actor = self.actors[place]
        actor.end()
        for world in self.worlds:
            world.ended |= {life}
        self.told.append(f"{life}: ends")
        self.actors[place] = self.new_actor()

    @rule(command=commands)
    def alone(self, command: Command) -> None:
        """One call."""
        self.together([command])

    @rule(drawn=st.lists(commands, min_size=2, max_size=ACTORS, unique_by=lambda command: command[1]))
    def together(self, drawn: list[Command]) -> None:
        """Several calls at once."""
        free = self.free()
        self.may_wait = len(free) - 2
        places = dict.fromkeys(free[command[1] % len(free)] for command in drawn)
        calls = [self.call(place, command) for place, command in zip(places, drawn, strict=False)]
        wanted = [call for call in calls if call is not None]
        if wanted:
            self.round(wanted)

    # -- many at once: no call is predicted, but what all of them come to

    def everybody(self, works: Sequence[Callable[[], Any]]) -> list[Any]:
        """Run the works together, each on a free actor's thread; what they return."""
        places = self.free()[: len(works)]
        barrier = threading.Barrier(len(works))
        outcomes: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()

        def order(number: int, work: Callable[[], Any]) -> None:
            try:
                barrier.wait(LIMIT)
                outcomes.put((number, work(), None))
            except BaseException as raised:
                outcomes.put((number, None, raised.with_traceback(None)))

        for number, (place, work) in enumerate(zip(places, works, strict=True)):
            self.actors[place][1].tell(functools.partial(order, number, work))
        results: dict[int, Any] = {}
        for _ in works:
            try:
                number, result, raised = outcomes.get(timeout=LIMIT)
            except queue.Empty:
                self.stuck("a crowd")
            if raised is not None:
                raised.add_note(f"at most {len(works)} at once\n{where_everybody_stands()}")
                raise raised
            results[number] = result
        tally["crowds"] += 1
        return [results[number] for number in range(len(works))]

    @precondition(lambda self: len(self.free()) > 1)
    @rule(what=st.sampled_from(CROWDS), most=st.integers(2, ACTORS), size=st.integers(0, 3))
    def crowd(self, what: tuple[str, str], most: int, size: int) -> None:
        """Numbers add up, races have as many winners as there are prizes, and what is sent arrives once, whole."""
        sort, kind = what
        threads = max(2, min(most, len(self.free())))
        self.told.append(f"{sort} {kind} by {threads}, {size}")
        if sort == "count":
            works, check = crowds.COUNTERS[kind](threads, TURNS)
        elif sort == "race":
            works, check = crowds.RACES[kind](threads)
        else:
            works, check = crowds.STREAMS[kind](threads, TURNS, size)
        results = self.everybody(works)
        check(results)
        if sort == "stream":
            tally["hand-overs"] += sum(map(len, results))


def told(op: Op) -> str:
    """A call, for a report."""
    names = [name for name in op.__slots__ if name not in ("me", "__weakref__")]
    return f"{type(op).__name__}({', '.join(f'{name}={getattr(op, name)}' for name in names)})"


Sharing.TestCase.settings = settings(
    max_examples=6 * int(os.environ.get("OWNED_STRESS", "1")),
    stateful_step_count=30,
    deadline=None,
    phases=[
        Phase.generate
    ],  # threads: to run a failure again, smaller, need not fail; the story that it tells is whole
)
TestSharing = Sharing.TestCase


class Free:
    """A lock that everybody may have at any time."""

    def acquire(self, **_: Any) -> bool:
        return True

    def release(self) -> None:
        pass


class WithFreeLock(Sharing):
    """The machine, where the first lock does not keep anybody out, and nobody waits for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.handles = [(parts, Free() if parts == ((1, "write"),) else lock) for parts, lock in self.handles]

    def patience(self, number: int) -> str:
        return PATIENCE[min(number, 1)]


def test_wrong_lock() -> None:
    """The machine finds a lock that is none, unless hypothesis notices first that its answers differ."""
    for _ in range(5):
        with contextlib.suppress(Flaky):
            with pytest.raises(AssertionError, match="no order of the calls explains"):
                run_state_machine_as_test(
                    WithFreeLock, settings=settings(Sharing.TestCase.settings, max_examples=200, database=None)
                )
            return
    pytest.fail("hypothesis sees only that the answers differ")


LOCKED = World(
    things={0: ("private", 1), 1: ("shared", 0), 2: ("moved",)},
    locks={0: LockState("Lock", owner=1, depth=1), 1: LockState("RWLock", readers=((1, 1),))},
    channels={0: ChannelState(0, items=(("number", 5), ("number", 6))), 1: ChannelState(1)},
    parcels={0: 0},
)
IMPOSSIBLE: dict[str, list[tuple[Op, Answer | None]]] = {
    "two have one lock": [(Take(2, ((0, "write"),), "none"), YES)],
    "a free lock is refused": [(Release(1, ((0, "write"),)), DONE), (Take(2, ((0, "write"),), "for ever"), NO)],
    "a release wakes nobody": [(Release(1, ((0, "write"),)), DONE), (Take(2, ((0, "write"),), "for ever"), None)],
    "a writer beside a reader": [(Take(2, ((1, "write"),), "none"), YES)],
    "a reader waits for nobody": [(Take(2, ((1, "read"),), "for ever"), None)],
    "a foreign object is touched": [(Touch(2, 0, False), DONE)],
    "written without the lock": [(Touch(2, 1, True), DONE)],
    "a parcel is claimed twice": [(Claim(2, 0), ("thing", 0)), (Claim(3, 0), ("thing", 0))],
    "an item is got twice": [
        (Get(2, (0,), "none"), ("got", 0, "number", 5)),
        (Get(3, (0,), "none"), ("got", 0, "number", 5)),
    ],
    "an item is overtaken": [(Get(2, (0,), "none"), ("got", 0, "number", 6))],
    "an item is not seen": [(Get(2, (0, 1), "for ever"), None)],
    "a put is not seen": [(Put(1, 1, ("number", 7), "none"), DONE), (Get(2, (1,), "for ever"), None)],
    "too many in a channel": [(Put(me, 1, ("number", me), "none"), DONE) for me in (2, 3)],
    "moved, and still mine": [(Touch(1, 2, False), DONE)],
    "closed, and nobody hears of it": [(Close(1, 1), DONE), (Get(2, (1,), "for ever"), None)],
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_oracle_refuses(what: str) -> None:
    """What must not be is not explained: by no order of the calls."""
    calls = IMPOSSIBLE[what]
    answered = {op: answer for op, answer in calls if answer is not None}
    assert explain([LOCKED], [op for op, _ in calls], answered) == []


def test_oracle_explains() -> None:
    """What one order allows and another does not is explained by the one."""
    release, take, late = (
        Release(1, ((0, "write"),)),
        Take(2, ((0, "write"),), "for ever"),
        Take(3, ((0, "write"),), "none"),
    )
    calls = [late, take, release]
    for answers, owner in (({take: YES, late: NO}, 2), ({late: YES}, 3)):
        assert [world.locks[0].owner for world in explain([LOCKED], calls, {release: DONE, **answers})] == [owner]


def test_oracle_explains_who_is_kept_out_before_it_sees_a_dead_holder() -> None:
    """A waiting writer keeps out who takes the read side first, and so never comes to the lock a dead thread left."""
    world = World(
        locks={0: LockState("RWLock", readers=((1, 1),)), 1: LockState("RLock", owner=9, depth=1)}, ended=frozenset({9})
    )
    both = ((0, "read"), (1, "write"))
    writer, short, late = Take(2, ((0, "write"),), "for ever"), Take(3, both, "short"), Take(4, both, "for ever")
    assert explain([world], [writer, short, late], {short: NO})
    assert not explain([world], [short], {short: NO})
    assert explain([world], [short], {short: ("error", "OrphanedError")})
