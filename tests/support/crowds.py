# SPDX-License-Identifier: MIT
"""What many threads do at once, and what it must come to whatever the scheduler does.

Each entry makes, for a number of threads, what each of them does, and the check of all that they return.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import chain
from typing import Any

import owned
from guarded import Bag, Node

LIMIT = 60.0
Works = list[Callable[[], Any]]
Check = Callable[[list[Any]], None]


# -- counting under a lock


def _counting(
    lock: Any, threads: int, turns: int, enter: Callable[[int], AbstractContextManager[Any]] | None = None
) -> tuple[Works, Check]:
    """Two numbers that are always equal, shared under `lock`; `enter(turn)` is how it is taken."""
    both: Any = owned.share(Bag(one=0, two=0), lock=lock)

    def work() -> None:
        for turn in range(turns):
            with lock if enter is None else enter(turn):
                both.one += 1
                assert both.one == both.two + 1
                both.two += 1

    def check(_: list[Any]) -> None:
        with lock:
            assert (both.one, both.two) == (threads * turns,) * 2
        assert not lock.locked()

    return [work] * threads, check


@contextmanager
def _in_time(lock: Any, turn: int) -> Iterator[None]:
    """Tries without waiting, with a limit that is soon over, and with a long one."""
    while not lock.acquire(**({"blocking": False}, {"timeout": 0.0001}, {"timeout": LIMIT})[turn % 3]):
        turn += 1
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _twice(lock: Any, _turn: int) -> Iterator[None]:
    with lock, lock:
        yield


def _count_in_time(make: Callable[[], Any]) -> Callable[[int, int], tuple[Works, Check]]:
    def counting(threads: int, turns: int) -> tuple[Works, Check]:
        lock = make()
        return _counting(lock, threads, turns, partial(_in_time, lock))

    return counting


def _count_reentrant(make: Callable[[], Any]) -> Callable[[int, int], tuple[Works, Check]]:
    def counting(threads: int, turns: int) -> tuple[Works, Check]:
        lock = make()
        return _counting(lock, threads, turns, partial(_twice, lock))

    return counting


def _count_plainly(make: Callable[[], Any]) -> Callable[[int, int], tuple[Works, Check]]:
    return lambda threads, turns: _counting(make(), threads, turns)


def _count_compound(threads: int, turns: int) -> tuple[Works, Check]:
    """Each thread writes the sum in its own order, and moves from one account to the other."""
    locks: list[Any] = [owned.Lock(), owned.RLock(), owned.RWLock()]
    accounts: list[Any] = [owned.share(Bag(money=1000), lock=lock) for lock in locks]

    def work(number: int) -> None:
        order = locks[number % 3 :] + locks[: number % 3]
        for turn in range(turns):
            if turn % 4 == 3:
                with order[0] + order[1] + order[2]:
                    assert sum(account.money for account in accounts) == 3000
            else:
                source, target = accounts[number % 3], accounts[(number + 1) % 3]
                with order[0] + order[1]:
                    source.money -= 1
                    target.money += 1

    def check(_: list[Any]) -> None:
        with locks[2] + locks[1] + locks[0]:
            assert sum(account.money for account in accounts) == 3000
        assert not any(lock.locked() for lock in locks)

    return [partial(work, number) for number in range(threads)], check


def _count_readers(threads: int, turns: int) -> tuple[Works, Check]:
    """One thread in three writes, the others read beside each other."""
    rw = owned.RWLock()
    both: Any = owned.share(Bag(one=0, two=0), lock=rw)
    writers = (threads + 2) // 3

    def write() -> None:
        for _ in range(turns):
            with rw.write:
                both.one += 1
                with rw.read:
                    assert both.one == both.two + 1
                both.two += 1

    def read() -> None:
        last = 0
        for _ in range(turns):
            with rw.read, rw.read:
                assert last <= both.one == both.two
                last = both.one
                try:
                    both.one = 0
                except owned.LockNotHeldError:
                    pass
                else:
                    raise AssertionError("a reader wrote")

    def check(_: list[Any]) -> None:
        with rw.read:
            assert both.one == both.two == writers * turns
        assert not rw.locked()
        assert not rw.read.locked()

    return [write] * writers + [read] * (threads - writers), check


def _count_condition(threads: int, turns: int) -> tuple[Works, Check]:
    """Each waits for its turn, in a circle: nobody is forgotten by a notification."""
    condition = owned.Condition()
    turn: Any = owned.share(Bag(value=0), lock=condition)

    def work(number: int) -> None:
        for _ in range(turns):
            with condition:
                assert condition.wait_for(lambda: turn.value % threads == number, LIMIT)
                turn.value += 1
                condition.notify_all()

    def check(_: list[Any]) -> None:
        with condition:
            assert turn.value == threads * turns

    return [partial(work, number) for number in range(threads)], check


def _count_inside(make: Callable[[int], Any]) -> Callable[[int, int], tuple[Works, Check]]:
    """A semaphore lets in as many as it has permits, never one more."""

    def counting(threads: int, turns: int) -> tuple[Works, Check]:
        permits = max(1, threads // 2)
        semaphore = make(permits)
        inside = owned.AtomicInt()

        def work() -> int:
            most = 0
            for turn in range(turns):
                with _in_time(semaphore, turn):
                    most = max(most, inside.add(1))
                    inside.add(-1)
            return most

        def check(most: list[int]) -> None:
            assert max(most) <= permits
            assert int(inside) == 0
            assert all(semaphore.acquire(blocking=False) for _ in range(permits))
            assert not semaphore.acquire(blocking=False)
            for _ in range(permits):
                semaphore.release()

        return [work] * threads, check

    return counting


def _count_atomically(threads: int, turns: int) -> tuple[Works, Check]:
    """No lock at all."""
    number, reference = owned.AtomicInt(), owned.AtomicRef(0)

    def work() -> list[int]:
        seen = []
        for _ in range(turns):
            seen.append(number.add(1))
            while True:
                now = reference.get()
                if reference.compare_and_set(now, now + 1):
                    break
        return seen

    def check(seen: list[list[int]]) -> None:
        assert sorted(chain.from_iterable(seen)) == list(range(1, threads * turns + 1))
        assert reference.get() == threads * turns

    return [work] * threads, check


COUNTERS: dict[str, Callable[[int, int], tuple[Works, Check]]] = {
    "Lock": _count_plainly(owned.Lock),
    "Lock in time": _count_in_time(owned.Lock),
    "RLock": _count_plainly(owned.RLock),
    "RLock in time": _count_in_time(owned.RLock),
    "RLock twice": _count_reentrant(owned.RLock),
    "RWLock": _count_plainly(owned.RWLock),
    "RWLock in time": _count_in_time(owned.RWLock),
    "RWLock twice": _count_reentrant(owned.RWLock),
    "RWLock and readers": _count_readers,
    "compound locks": _count_compound,
    "Condition": _count_plainly(owned.Condition),
    "Condition in turn": _count_condition,
    "Semaphore": _count_inside(owned.Semaphore),
    "BoundedSemaphore": _count_inside(owned.BoundedSemaphore),
    "atomics": _count_atomically,
}


# -- what only some can have


def _won(work: Callable[[], Any], threads: int, winners: int) -> tuple[Works, Check]:
    """`winners` of the threads are told True."""

    def check(results: list[bool]) -> None:
        assert Counter(results) == Counter([True] * winners + [False] * (threads - winners))

    return [work] * threads, check


def _race_for_lock(make: Callable[[], Any], winners: int = 1) -> Callable[[int], tuple[Works, Check]]:
    def race(threads: int) -> tuple[Works, Check]:
        lock = make()
        return _won(lambda: lock.acquire(blocking=False), threads, min(winners, threads))

    return race


def _is_refused(error: type[Exception], work: Callable[[], Any]) -> bool:
    try:
        work()
    except error:
        return True
    return False


def _race_to_claim(threads: int) -> tuple[Works, Check]:
    parcel = owned.move(Node())

    def claim() -> bool:
        if _is_refused(owned.MovedError, lambda: claimed.append(parcel.claim())):
            return False
        claimed[-1].rename("mine")
        return True

    claimed: list[Node] = []
    return _won(claim, threads, 1)


def _race_to_get(threads: int) -> tuple[Works, Check]:
    """One item, many who want it, by get and by select."""
    channel, silent = owned.Channel[Node](), owned.Channel[Node]()
    channel.put(Node())

    def get(number: int) -> bool:
        try:
            if number % 2:
                got = owned.select(silent, channel, timeout=0.001)[1]
            else:
                got = channel.get(timeout=0.001)
        except queue.Empty:
            return False
        got.rename("mine")
        return True

    _, check = _won(bool, threads, 1)
    return [partial(get, number) for number in range(threads)], check


def _race_to_adopt(threads: int) -> tuple[Works, Check]:
    """What an ended thread left behind has one heir."""
    left: list[Node] = []
    thread = threading.Thread(target=lambda: left.append(Node()))
    thread.start()
    thread.join(LIMIT)
    return _won(lambda: not _is_refused(owned.WrongThreadError, lambda: owned.adopt(left[0])), threads, 1)


def _race_once(threads: int) -> tuple[Works, Check]:
    calls: list[str] = []

    def compute() -> Node:
        calls.append("lazy")
        return Node("lazy")

    once, lazy = owned.Once(), owned.Lazy(compute)

    def work() -> str:
        once.call(lambda: calls.append("once"))
        return lazy().name

    def check(results: list[str]) -> None:
        assert results == ["lazy"] * threads
        assert sorted(calls) == ["lazy", "once"]

    return [work] * threads, check


RACES: dict[str, Callable[[int], tuple[Works, Check]]] = {
    "Lock": _race_for_lock(owned.Lock),
    "RLock": _race_for_lock(owned.RLock),
    "RWLock": _race_for_lock(owned.RWLock),
    "read side": _race_for_lock(lambda: owned.RWLock().read, winners=64),
    "compound lock": _race_for_lock(lambda: owned.Lock() + owned.RWLock()),
    "Condition": _race_for_lock(owned.Condition),
    "Semaphore": _race_for_lock(lambda: owned.Semaphore(3), winners=3),
    "BoundedSemaphore": _race_for_lock(lambda: owned.BoundedSemaphore(3), winners=3),
    "Parcel": _race_to_claim,
    "Channel": _race_to_get,
    "orphan": _race_to_adopt,
    "Once": _race_once,
}


# -- hand-over


def _sent(threads: int, turns: int) -> tuple[int, int]:
    """How many send, how many receive."""
    senders = max(1, threads // 2)
    return senders, threads - senders


def _check_stream(senders: int, turns: int, got: list[list[tuple[int, int]]]) -> None:
    assert sorted(chain.from_iterable(got)) == [(sender, turn) for sender in range(senders) for turn in range(turns)]
    for received in got:  # from one sender through one channel things come in their order
        for sender in range(senders):
            turns_seen = [turn for who, turn in received if who == sender]
            assert turns_seen == sorted(turns_seen)


def _letter(sender: int, turn: int) -> Node:
    node = Node(f"{sender} {turn}")
    node.children.append(Node(f"{turn}"))
    return node


def _opened(letter: Node) -> tuple[int, int]:
    """It is ours, with all that is in it."""
    sender, turn = letter.rename("opened").split()
    assert letter.children[0].rename("opened") == turn
    return int(sender), int(turn)


def _through_channel(threads: int, turns: int, size: int) -> tuple[Works, Check]:
    channel = owned.Channel[Node](size)
    senders, receivers = _sent(threads, turns)
    left = owned.AtomicInt(senders)

    def send(number: int) -> list[Any]:
        for turn in range(turns):
            letter = _letter(number, turn)
            channel.put(letter, timeout=LIMIT)
            assert _is_refused(owned.OwnershipError, lambda letter=letter: letter.name)  # type: ignore[misc]
        if left.add(-1) == 0:
            channel.close()
        return []

    def receive() -> list[tuple[int, int]]:
        return [_opened(letter) for letter in channel]

    works: Works = [*(partial(send, number) for number in range(senders)), *[receive] * receivers]
    return works, partial(_check_stream, senders, turns)


def _through_select(threads: int, turns: int, size: int) -> tuple[Works, Check]:
    """Each sender has a channel of its own, and all receivers hear all of them."""
    senders, receivers = _sent(threads, turns)
    channels = [owned.Channel[Node](size) for _ in range(senders)]

    def send(number: int) -> list[Any]:
        with channels[number] as channel:
            for turn in range(turns):
                channel.put(_letter(number, turn), timeout=LIMIT)
        return []

    def receive() -> list[tuple[int, int]]:
        got: list[tuple[int, int]] = []
        while True:
            try:
                channel, letter = owned.select(*channels, timeout=LIMIT)
            except owned.ChannelClosed:
                return got
            got.append(_opened(letter))
            assert channel is channels[got[-1][0]]

    works: Works = [*(partial(send, number) for number in range(senders)), *[receive] * receivers]
    return works, partial(_check_stream, senders, turns)


def _through_pipeline(threads: int, turns: int, size: int) -> tuple[Works, Check]:
    """Each thread hands on what it gets, to the next."""
    channels = [owned.Channel[Node](size) for _ in range(threads - 1)]

    def first() -> list[Any]:
        with channels[0] as out:
            for turn in range(turns):
                out.put(_letter(0, turn), timeout=LIMIT)
        return []

    def middle(number: int) -> list[Any]:
        with channels[number] as out:
            for letter in channels[number - 1]:
                letter.children[0].rename(letter.children[0].name)
                out.put(letter, timeout=LIMIT)
        return []

    def last() -> list[tuple[int, int]]:
        return [_opened(letter) for letter in channels[-1]]

    def check(got: list[list[tuple[int, int]]]) -> None:
        assert got[-1] == [(0, turn) for turn in range(turns)]

    return [first, *(partial(middle, number) for number in range(1, threads - 1)), last], check


def _through_pool(threads: int, turns: int, size: int) -> tuple[Works, Check]:
    """All of them hand work to one pool, and are given back what it made of it."""
    pool: Any = owned.ThreadPoolExecutor(size + 1)
    left = owned.AtomicInt(threads)

    def work(number: int) -> list[tuple[int, int]]:
        futures = [pool.submit(_answered, owned.move(_letter(number, turn))) for turn in range(turns)]
        got = [_opened(future.result(LIMIT)) for future in futures]
        if left.add(-1) == 0:
            pool.shutdown()
        return got

    works: Works = [partial(work, number) for number in range(threads)]
    return works, partial(_check_stream, threads, turns)


def _answered(letter: Node) -> Node:
    """What a pool makes of a letter: a new one, with what was in the old one."""
    answer = Node(letter.rename("read"))
    answer.children.append(letter.children.pop())
    return answer


def _through_threads(threads: int, turns: int, size: int) -> tuple[Works, Check]:
    """Each starts threads, which hand back what they made."""

    def work(number: int) -> list[tuple[int, int]]:
        got = []
        for turn in range(size + 1):
            thread = owned.Thread(target=_answered, args=(owned.move(_letter(number, turn)),))
            thread.start()
            thread.join(LIMIT)
            got.append(_opened(thread.result()))
        return got

    works: Works = [partial(work, number) for number in range(threads)]
    return works, partial(_check_stream, threads, size + 1)


STREAMS: dict[str, Callable[[int, int, int], tuple[Works, Check]]] = {
    "channel": _through_channel,
    "select": _through_select,
    "pipeline": _through_pipeline,
    "pool": _through_pool,
    "threads": _through_threads,
}
