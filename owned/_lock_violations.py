# SPDX-License-Identifier: MIT
"""From the facts of a refused call on a lock to an exception with a message."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from owned import errors
from owned._records import calling_site
from owned._threads import stack_now
from owned._violations import lock_name, report

if TYPE_CHECKING:
    from owned._core import Lock, RLock, ThreadInfo
    from owned._violations import Facts


def make_lock_violation(lock: Lock | RLock, facts: Facts, access: str, hold: str) -> errors.OwnershipError:
    """The exception for a call that a lock refused. Called by the C core.

    Args:
        lock: the lock.
        facts: what the core knows of it.
        access: ``"acquire"``, ``"release"`` or ``"adopt"``.
        hold: ``"mine"`` if the calling thread holds it, ``"nobody's"``, or ``"another's"``.
    """
    from owned import _core

    state, _owner, holder, _lock, record = facts
    kind, but, advice = _judge(access, holder, hold)
    toucher = threading.current_thread().name
    error = kind(
        f"thread {toucher!r} tried to {access} {lock_name(lock)}, but {but}. {advice}",
        type_name=type(lock).__name__,
        address=id(lock),
        access=access,
        state=state,
        owner=None if holder is None else holder.name,
        owner_id=None if holder is None else holder.id,
        toucher=toucher,
        toucher_id=_core.thread_id(),
        lock=lock_name(lock),
        record=record,
        site=calling_site(),
        advice=advice,
        owner_stack=stack_now(holder),
    )
    report(error)
    return error


def _judge(access: str, holder: ThreadInfo | None, hold: str) -> tuple[type[errors.OwnershipError], str, str]:
    if access == "acquire" and hold == "mine":
        return (
            errors.LockOrderError,
            "it holds it already, and would wait for itself for ever",
            "Use an owned.RLock where its holder may acquire it again.",
        )
    if hold == "nobody's":
        but = "nobody holds it"
    elif holder is None:
        but = "another thread holds it"
    elif holder.finished:
        but = f"thread {holder.name!r}, which holds it, has ended"
    else:
        but = f"thread {holder.name!r} holds it"
    if access == "acquire":
        return (
            errors.OrphanedError,
            f"{but}, so nobody will release it",
            "Look after what it guards, which may be half done; adopt(lock) takes the lock over.",
        )
    if access == "adopt":
        return errors.LockNotHeldError, f"{but} and is still running", "Wait for it: acquire()."
    return (
        errors.LockNotHeldError,
        but,
        "A lock is released by the thread that acquired it: `with lock: ...` does both.",
    )
