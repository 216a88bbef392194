# SPDX-License-Identifier: MIT
"""`Event`, `Semaphore`, `BoundedSemaphore` and `Barrier`.

===========  ==============================================  ===========================================================
class        who releases                                    who acquires
===========  ==============================================  ===========================================================
`Event`      `set()`                                         `wait()` that returned true, `is_set()` that did
`Semaphore`  `release()`, one permit or n                    the `acquire()` that gets this permit
`Barrier`    each `wait()` as it comes in, and the action    each `wait()` of the same round as it goes out, the action
`Barrier`    whoever breaks it or resets it                  those whom this wakes
===========  ==============================================  ===========================================================

Permits are handed out in the order in which they were given, those of the constructor first, which come from nobody.
An acquire that can only come after a release, because there would be no permit, does come after it here.

`clear()` of an event starts nothing anew: a thread that saw the flag may not have said so yet.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from owned._audit._sync_base import MARK, Patches, detector, is_made_inside, sync_of

__all__ = ["install"]


def install(patches: Patches) -> None:
    """Tell of events, semaphores and barriers, also of those that are there already."""
    event = threading.Event
    patches.method(event, "__init__", _begin)
    patches.method(event, "set", _set)
    patches.method(event, "wait", _saw)
    patches.method(event, "is_set", _saw)
    if "isSet" in vars(event):
        patches.method(event, "isSet", _saw)
    semaphore = threading.Semaphore
    patches.method(semaphore, "__init__", _begin_permits)
    patches.method(semaphore, "acquire", _take_permit)
    patches.value(semaphore, "__enter__", vars(semaphore)["acquire"])
    patches.method(semaphore, "release", _give_permit)
    patches.method(threading.BoundedSemaphore, "release", _give_permit)
    barrier = threading.Barrier
    patches.method(barrier, "_enter", _come_in)
    patches.method(barrier, "_release", _let_out)
    patches.method(barrier, "wait", _pass)
    patches.method(barrier, "_break", _wake_early)
    patches.method(barrier, "reset", _wake_early)


# ---- Event ---------------------------------------------------------------------------------------------------------


def _begin(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    wrapped(*args, **kwargs)
    setattr(instance, MARK, None if is_made_inside() else detector.module.Sync("event"))


def _set(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    sync = sync_of(instance, "event")
    if sync is not None:
        sync.release()
    wrapped(*args, **kwargs)


def _saw(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    answer = wrapped(*args, **kwargs)
    if answer:
        sync = sync_of(instance, "event")
        if sync is not None:
            sync.acquire()
    return answer


# ---- Semaphore -----------------------------------------------------------------------------------------------------


class _Permits:
    """The permits of a semaphore: None for one from the constructor, else the release that gave it."""

    __slots__ = ("given",)

    def __init__(self, value: int) -> None:
        self.given: deque[Any] = deque([None] * value)


def _begin_permits(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    wrapped(*args, **kwargs)
    setattr(instance, MARK, None if is_made_inside() else _Permits(instance._value))


def _permits_of(instance: Any) -> Any:
    known = instance.__dict__
    if MARK not in known:
        known.setdefault(MARK, _Permits(instance._value))
    return known[MARK]


def _take_permit(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    permits = _permits_of(instance)
    taken = wrapped(*args, **kwargs)
    if taken and permits is not None and permits.given:
        sync = permits.given.popleft()
        if sync is not None:
            sync.acquire()
    return taken


def _give_permit(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    permits = _permits_of(instance)
    n = kwargs.get("n", args[0] if args else 1)
    if permits is None or not isinstance(n, int) or n < 1:
        return wrapped(*args, **kwargs)
    sync = detector.module.Sync("semaphore")
    sync.release()
    permits.given.extend([sync] * n)
    try:
        return wrapped(*args, **kwargs)
    except ValueError:  # of a bounded one: nothing was given
        for _ in range(n):
            permits.given.remove(sync)
        raise


# ---- Barrier -------------------------------------------------------------------------------------------------------


class _Rounds:
    """The rounds of a barrier: the one that fills up now, and what wakes everybody early."""

    __slots__ = ("broken", "now")

    def __init__(self) -> None:
        self.now = detector.module.Sync("barrier")
        self.broken = detector.module.Sync("barrier")


class _Mine(threading.local):
    """The round that this thread came in to last."""

    round: Any = None


_mine = _Mine()


def _rounds_of(instance: Any) -> _Rounds:
    known = instance.__dict__
    if MARK not in known:
        known.setdefault(MARK, _Rounds())
    rounds: _Rounds = known[MARK]
    return rounds


def _come_in(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    """Under the barrier's lock, when this thread is counted next."""
    answer = wrapped(*args, **kwargs)
    rounds = _rounds_of(instance)
    if instance._count == 0:
        rounds.now = detector.module.Sync("barrier")
    _mine.round = rounds.now
    rounds.now.release()
    return answer


def _let_out(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    """The last one of a round, under the barrier's lock: runs the action, then lets the others go."""
    sync = _mine.round
    sync.acquire()
    answer = wrapped(*args, **kwargs)
    sync.release()
    return answer


def _pass(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    _mine.round = None
    try:
        answer = wrapped(*args, **kwargs)
    except threading.BrokenBarrierError:
        _rounds_of(instance).broken.acquire()
        raise
    sync = _mine.round
    if sync is not None:
        _mine.round = None
        sync.acquire()
    return answer


def _wake_early(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    _rounds_of(instance).broken.release()
    return wrapped(*args, **kwargs)
