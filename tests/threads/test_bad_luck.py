# SPDX-License-Identifier: MIT
"""Bad luck: threads that die, close, fail and shut down in the middle of things. Nothing is lost, nothing is stuck."""

from __future__ import annotations

import gc
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

import pytest

import crowds
import owned
from crowd import crowd
from guarded import Node

LIMIT = 30.0
# ten thousand with OWNED_STRESS=5
ONE_AFTER_ANOTHER = int(os.environ.get("OWNED_TOUCHES", "10000")) // 5 * int(os.environ.get("OWNED_STRESS", "1"))


@pytest.fixture(autouse=True)
def threads_die_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are meant to."""
    monkeypatch.setattr(threading, "excepthook", lambda _: None)


def started(target: Callable[..., Any], *args: Any, name: str | None = None) -> threading.Thread:
    thread = threading.Thread(target=target, args=args, name=name, daemon=True)
    thread.start()
    return thread


def ended(*threads: threading.Thread) -> None:
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive(), f"{thread.name} is stuck"


class Blow(Exception):
    """What kills a thread."""


# -- receivers and senders


@pytest.mark.parametrize("how", ["get", "select", "iterate"])
def test_receiver_dies_between_get_and_use(how: str) -> None:
    """What it had got is orphaned and can be adopted, all the rest goes to the others."""
    channel = owned.Channel[Node]()
    takes = {
        "get": lambda: channel.get(timeout=LIMIT),
        "select": lambda: owned.select(channel, timeout=LIMIT)[1],
        "iterate": lambda: next(channel),
    }
    got: list[Node] = []

    def dies() -> None:
        got.append(takes[how]())
        raise Blow

    for number in range(20):
        channel.put(Node(str(number)))
    channel.close()
    ended(*[started(dies) for _ in range(3)])
    rest = [node.name for node in channel]
    for node in got:
        assert owned.state(node) is owned.State.ORPHANED
        rest.append(owned.adopt(node).name)
    assert sorted(rest, key=int) == [str(number) for number in range(20)]


def test_task_dies_between_get_and_use() -> None:
    """What a pool's task had got comes with its exception to whoever takes that."""
    channel = owned.Channel[Node]()
    got: list[Node] = []

    def dies() -> None:
        got.append(channel.get(timeout=LIMIT))
        raise Blow

    channel.put(Node("left behind"))
    with owned.ThreadPoolExecutor(1, unguarded="pass") as pool:
        task = pool.submit(dies)
        with pytest.raises(Blow):
            task.result(LIMIT)
    assert got[0].name == "left behind"


def test_sender_dies() -> None:
    """What it had put arrives; `with channel:` ends the wait of the receivers, without it they can give up in time."""
    channel = owned.Channel[Node](2)

    def dies(closes: bool) -> None:
        for number in range(3):
            channel.put(Node(str(number)), timeout=LIMIT)
        if closes:
            with channel:
                raise Blow
        raise Blow

    sender = started(dies, False)
    assert [channel.get(timeout=LIMIT).name for _ in range(3)] == ["0", "1", "2"]
    ended(sender)
    with pytest.raises(queue.Empty):
        channel.get(timeout=0.001)
    sender = started(dies, True)
    assert [node.name for node in channel] == ["0", "1", "2"]
    ended(sender)


def test_closed_under_load() -> None:
    """Senders and receivers are at both ends of channels that are closed: each item is somebody's, and whole."""
    channels = [owned.Channel[Node](1), owned.Channel[Node](100)]
    sent, received, kept = owned.AtomicInt(), owned.AtomicInt(), owned.AtomicInt()
    enough = threading.Event()

    def send(channel: owned.Channel[Node]) -> None:
        while True:
            node = Node("sent")
            try:
                channel.put(node, timeout=LIMIT)
            except owned.ChannelClosed:
                assert node.rename("mine still") == "sent"
                kept.increment()
                return
            sent.increment()

    def receive() -> None:
        while True:
            try:
                got = owned.select(*channels, timeout=LIMIT)[1]
            except owned.ChannelClosed:
                return
            assert got.rename("got") == "sent"
            if received.increment() == 50:
                enough.set()

    threads = [started(send, channel) for channel in channels for _ in range(6)] + [started(receive) for _ in range(4)]
    assert enough.wait(LIMIT)
    for channel in channels:
        channel.close()
    ended(*threads)
    assert kept.get() == 12  # all were at it when it was closed
    assert received.get() == sent.get() >= 50


# -- pools


def test_pool_shut_down_under_load() -> None:
    """Threads submit until the pool refuses: each task is done, cancelled, or was never taken; no object is lost."""
    pool = owned.ThreadPoolExecutor(2)
    done, cancelled, refused = owned.AtomicInt(), owned.AtomicInt(), owned.AtomicInt()
    enough = threading.Event()

    def work(node: Node) -> Node:
        node.rename("worked on")
        return node

    def submit() -> None:
        submitted = []
        while True:
            parcel = owned.move(Node("mine"))
            try:
                submitted.append((pool.submit(work, parcel), parcel))
            except RuntimeError:
                assert parcel.claim().name == "mine"
                refused.increment()
                break
            if len(submitted) == 20:
                enough.set()
        for future, parcel in submitted:
            try:
                assert future.result(LIMIT).name == "worked on"
                done.increment()
            except CancelledError:
                assert parcel.claim().name == "mine"
                cancelled.increment()

    threads = [started(submit) for _ in range(3)]
    assert enough.wait(LIMIT)
    pool.shutdown(wait=True, cancel_futures=True)
    ended(*threads)
    assert refused.get() == 3
    assert done.get() > 0


def test_task_raises_after_handing_its_argument_on() -> None:
    """The argument is whoever's who got it, whatever becomes of the task; what it kept comes with the exception."""
    channel = owned.Channel[Node](1)
    kept = owned.share(owned.List(), lock=owned.Lock())

    def task(gone: Node, stays: Node) -> None:
        channel.put(gone)
        raise Blow(stays)

    with owned.ThreadPoolExecutor(1) as pool:
        stays = Node("stays")
        future = pool.submit(task, owned.move(Node("gone")), owned.move(stays))
        with pytest.raises(Blow) as blow:
            future.result(LIMIT)
    assert blow.value.args[0] is stays
    assert stays.rename("again") == "stays"
    assert channel.get(timeout=LIMIT).rename("here") == "gone"
    with owned.locked(kept):
        assert kept == []


def test_holder_of_a_parcel_dies() -> None:
    """A parcel belongs to nobody: whoever else has it may claim it."""
    parcels = [owned.move(Node("inside"))]

    def dies() -> None:
        assert parcels[0]
        raise Blow

    ended(started(dies))
    assert parcels[0].claim().name == "inside"


# -- locks


HOLDS: dict[str, Callable[[], tuple[Any, Any]]] = {}  # what a thread dies with, and what others want
for _kind in (owned.Lock, owned.RLock, owned.RWLock, owned.Condition, owned.BoundedSemaphore):
    HOLDS[_kind.__name__] = lambda kind=_kind: (both := kind(), both)  # type: ignore[misc]
HOLDS["read side"] = lambda: ((rw := owned.RWLock()).read, rw)
HOLDS["write side"] = lambda: ((rw := owned.RWLock()).write, rw.read)
HOLDS["several"] = lambda: ((first := owned.Lock()) + owned.RLock(), first)
HOLDS["one of several"] = lambda: ((first := owned.Lock()), owned.RLock() + first)


@pytest.mark.parametrize("kind", HOLDS)
def test_killed_while_holding(kind: str) -> None:
    """Whoever wants the lock, in whatever way, is told who died with it, and of what, and how to take it over."""
    held, wanted = HOLDS[kind]()

    def dies() -> None:
        held.acquire()
        raise Blow

    ended(started(dies, name="the victim"))
    for how in ({}, {"blocking": False}, {"timeout": LIMIT}):
        with pytest.raises(owned.OrphanedError) as orphaned:
            wanted.acquire(**how)
        assert "'the victim'" in str(orphaned.value)
        assert "Blow" in str(orphaned.value)
        assert "adopt(" in str(orphaned.value)


def test_exception_gives_back_what_is_held() -> None:
    """With a block around it, a lock of any kind is free again after the thread has died of an exception."""
    for kind in HOLDS:
        held, wanted = HOLDS[kind]()

        def dies(held: Any = held) -> None:
            with held:
                raise Blow

        ended(started(dies))
        assert wanted.acquire(blocking=False), kind
        wanted.release()


# -- recursion across two regions


@owned.owned
class Player:
    """Plays back as often as it is told."""

    __slots__ = ("hits", "other")

    def __init__(self) -> None:
        self.hits = 0
        self.other: Any = None

    @owned.synchronized
    def play(self, more: int) -> int:
        self.hits += 1
        return 1 + (self.other.play(more - 1) if more else 0)


def players(lock: Callable[[], Any]) -> tuple[Any, Any]:
    left, right = Player(), Player()
    owned.share(left, lock=lock())
    owned.share(right, lock=lock())
    with owned.locked(left), owned.locked(right):
        left.other, right.other = right, left
    return left, right


@pytest.mark.parametrize("kind", [owned.Lock, owned.RLock, owned.RWLock, owned.Condition])
def test_recursion_across_two_shared_objects(kind: Callable[[], Any]) -> None:
    """Threads that come from both ends, with both locks taken at once, get through, every time."""
    left, right = players(kind)

    def play(number: int) -> None:
        one, other = (left, right) if number % 2 else (right, left)
        for _ in range(10):
            with owned.lock_of(one) + owned.lock_of(other):
                assert one.play(20) == 21

    crowd(4, play)
    with owned.lock_of(left) + owned.lock_of(right):
        assert left.hits + right.hits == 4 * 10 * 21


@pytest.mark.parametrize("kind", [owned.Lock, owned.RLock, owned.RWLock])
def test_recursion_that_has_no_end(kind: Callable[[], Any]) -> None:
    """RecursionError comes out, and every lock is free again, however deep it was taken."""
    left, right = players(kind)
    with pytest.raises(RecursionError):
        left.play(10**9)
    for lock in map(owned.lock_of, (left, right)):
        assert not lock.locked()


def test_recursion_across_two_private_regions() -> None:
    """Two regions that refer to each other go one by one, are half there for a moment, and come back."""
    with owned.Region() as first:
        left = Player()
    with owned.Region() as second:
        right = Player()
    left.other, right.other = right, left
    assert left.play(100) == 101
    parcels = owned.move(first), owned.move(second)
    played = queue.SimpleQueue[Any]()

    def elsewhere() -> None:
        one = parcels[0].claim()
        try:
            left.play(1)
        except owned.MovedError:  # the other half is on its way still
            parcels[1].claim()
        played.put((left.play(100), left.hits + right.hits, owned.move(one), owned.move(second)))

    ended(started(elsewhere))
    result, hits, *parcels = played.get(timeout=LIMIT)
    for parcel in parcels:
        parcel.claim()
    assert (result, hits, left.play(1)) == (101, 101 + 1 + 101, 2)


# -- many


def test_one_after_another() -> None:
    """Thousands of threads, one after another: each takes every kind of lock and an object that goes through all."""
    channel = owned.Channel[Node](1)
    locks = [owned.Lock() + owned.RWLock(), owned.BoundedSemaphore(2), owned.Condition(), owned.RWLock().read]
    total = owned.AtomicInt()

    def work() -> None:
        for lock in locks:
            with lock:
                total.increment()
        node = channel.get(timeout=LIMIT)
        node.name = str(int(node.name) + 1)
        channel.put(node, timeout=LIMIT)

    channel.put(Node("0"))
    ended(started(work))
    gc.collect()
    before = owned.stats()
    for _ in range(ONE_AFTER_ANOTHER - 1):
        ended(started(work))
    gc.collect()
    after = owned.stats()
    assert channel.get(timeout=LIMIT).name == str(ONE_AFTER_ANOTHER)
    assert total.get() == ONE_AFTER_ANOTHER * len(locks)
    assert after.regions <= before.regions and after.locks <= before.locks


def through_all(works: crowds.Works) -> list[Any]:
    """Run them all at once, each on a thread of its own that lives until all are done."""
    results: list[Any] = [None] * len(works)
    done = threading.Barrier(len(works))

    def run(number: int) -> None:
        try:
            results[number] = works[number]()
        except BaseException:
            done.abort()
            raise
        done.wait(LIMIT)

    crowd(len(works), run)
    return results


@pytest.mark.parametrize("kind", crowds.COUNTERS)
def test_sixty_four_count(kind: str) -> None:
    """Sixty-four threads under one lock: what they count adds up."""
    works, check = crowds.COUNTERS[kind](64, 2)
    check(through_all(works))


@pytest.mark.parametrize("kind", crowds.RACES)
def test_sixty_four_race(kind: str) -> None:
    """Of sixty-four threads that want it, exactly so many get it as there is room for."""
    works, check = crowds.RACES[kind](64)
    check(through_all(works))


@pytest.mark.parametrize("kind", crowds.STREAMS)
def test_sixty_four_hand_over(kind: str) -> None:
    """Between sixty-four threads everything arrives once, whole, and is its receiver's."""
    works, check = crowds.STREAMS[kind](64, 2, 1)
    check(through_all(works))
