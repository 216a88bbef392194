# SPDX-License-Identifier: MIT
"""From the facts of a refused call on a lock to an exception with a message."""

from __future__ import annotations

import threading
from types import CodeType
from typing import TYPE_CHECKING, TypeAlias

from owned import errors
from owned._records import Record, Site, calling_site
from owned._threads import stack_now
from owned._violations import has_ended, lock_name, report

if TYPE_CHECKING:
    from owned._core import Condition, Lock, RLock, ThreadInfo
    from owned._violations import Facts

Place: TypeAlias = tuple[CodeType, int]

_ON_CONDITIONS = ("wait on", "notify")


def make_lock_violation(
    lock: Lock | RLock | Condition, facts: Facts, access: str, hold: str, taken: Place | None
) -> errors.OwnershipError:
    """The exception for a call that a lock refused. Called by the C core.

    Args:
        lock: the lock, or the condition.
        facts: what the core knows of the lock.
        access: ``"acquire"``, ``"release"`` or ``"adopt"``; of a condition ``"wait on"`` or ``"notify"``.
        hold: ``"mine"`` if the calling thread holds it, ``"nobody's"``, or ``"another's"``.
        taken: the code and the line with which its holder took it, where strict mode noted it.
    """
    from owned import _core

    state, _owner, holder, _lock, record = facts
    where = place(taken)
    kind, but, advice = _judge(access, holder, hold, "" if where is None else f" (taken at {where})")
    toucher = threading.current_thread().name
    life = () if where is None or holder is None else (taking(lock_name(lock), where, holder.name),)
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
        life=life,
        site=calling_site(),
        advice=advice,
        owner_stack=stack_now(holder),
    )
    report(error)
    return error


def place(code_and_line: Place | None) -> Site | None:
    """The core's word for a place, as a Site."""
    if code_and_line is None:
        return None
    code, line = code_and_line
    return Site(code.co_filename, line, code.co_qualname)


def taking(what: str, where: Site, thread: str, stack: tuple[Site, ...] = ()) -> Record:
    """The Record of taking a lock."""
    return Record("acquire", what, 1, where.file, where.line, where.function, thread, stack or (where,))


def _judge(
    access: str, holder: ThreadInfo | None, hold: str, taken: str
) -> tuple[type[errors.OwnershipError], str, str]:
    if access == "acquire" and hold == "mine":
        return (
            errors.LockOrderError,
            f"it holds it already{taken}, and would wait for itself for ever",
            "Use an owned.RLock where its holder may acquire it again.",
        )
    it = "its lock" if access in _ON_CONDITIONS else "it"
    if hold == "nobody's":
        but = f"nobody holds {it}"
    elif holder is None:
        but = f"another thread holds {it}"
    elif holder.finished:
        but = f"thread {holder.name!r}, which holds {it}{taken}, {has_ended(holder)}"
    else:
        but = f"thread {holder.name!r} holds {it}"
    if access in _ON_CONDITIONS:
        return errors.LockNotHeldError, but, "Take the lock around it, `with condition: ...`."
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
