# SPDX-License-Identifier: MIT
"""From the takers of a semaphore's permits to an exception with a message."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeAlias

from owned import errors
from owned._records import calling_site
from owned._threads import stack_now
from owned._violations import has_ended, lock_name, report

if TYPE_CHECKING:
    from owned._core import BoundedSemaphore, ThreadInfo

Takers: TypeAlias = "list[tuple[ThreadInfo, int]]"

_NAMED = 5  # of many takers so many are named


def make_permit_violation(
    semaphore: BoundedSemaphore, takers: Takers, access: str, wanted: int
) -> errors.OwnershipError:
    """The exception for a call that a BoundedSemaphore refused. Called by the C core.

    Args:
        semaphore: the semaphore.
        takers: who has taken how many of its permits.
        access: ``"acquire"``, ``"release"`` or ``"adopt"``.
        wanted: how many permits were to be taken or given back.
    """
    from owned import _core

    number = _core.thread_id()
    toucher = threading.current_thread().name
    mine = sum([count for taker, count in takers if taker.id == number])
    others = [(taker, count) for taker, count in takers if taker.id != number]
    kind, but, advice = _judge(access, mine, others)
    what = _permits(wanted)
    tried = f"{access} {what} of {lock_name(semaphore)}"
    owner = others[0][0] if others else None
    error = kind(
        f"thread {toucher!r} tried to {tried}, but {but}. {advice}",
        type_name=type(semaphore).__name__,
        address=id(semaphore),
        access=access,
        state="shared",
        owner=None if owner is None else owner.name,
        owner_id=None if owner is None else owner.id,
        toucher=toucher,
        toucher_id=number,
        lock=lock_name(semaphore),
        site=calling_site(),
        advice=advice,
        owner_stack=stack_now(owner),
    )
    report(error)
    return error


def _judge(access: str, mine: int, others: Takers) -> tuple[type[errors.OwnershipError], str, str]:
    if access == "release":
        has = f"it has {_permits(mine)}" if mine else "it has taken none"
        return (
            errors.PermitNotHeldError,
            f"{has}, and {_who_has(others)}" if others else f"{has}, and nobody else has",
            "Each permit is given back by the thread that took it: `with semaphore: ...` does both. "
            "For signalling between threads use owned.Semaphore.",
        )
    if access == "adopt":
        return errors.LockNotHeldError, f"{_who_has(others)} and goes on running", "Wait for one: acquire()."
    if mine:
        ended = f", and {_who_has(others)}" if others else ""
        return (
            errors.LockOrderError,
            f"it has {_permits(mine)} itself{ended}, so nobody else would give one back and it would wait for ever",
            "Give one back first, or make the semaphore with more permits.",
        )
    return (
        errors.OrphanedError,
        f"{_who_has(others)}, so nobody will give one back",
        "Look after what they guard, which may be half done; adopt(semaphore) takes the permits over.",
    )


def _permits(count: int) -> str:
    return "a permit" if count == 1 else f"{count} permits"


def _who_has(takers: Takers) -> str:
    told = [
        f"thread {taker.name!r}{f', which {has_ended(taker)},' if taker.finished else ''} has {count}"
        for taker, count in takers[:_NAMED]
    ]
    if len(takers) > _NAMED:
        told.append(f"{len(takers) - _NAMED} other threads have more")
    return ", ".join(told)
