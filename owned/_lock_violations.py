# SPDX-License-Identifier: MIT
"""From the facts of a refused call on a lock to an exception with a message."""

from __future__ import annotations

import threading
from types import CodeType
from typing import TYPE_CHECKING, TypeAlias

from owned import errors
from owned._records import Record, Site, calling_site
from owned._threads import stack_now
from owned._violations import has_ended, lock_name, report, told_holders

if TYPE_CHECKING:
    from owned._core import Condition, Lock, RLock, RWLock, ThreadInfo
    from owned._violations import Facts

Place: TypeAlias = tuple[CodeType, int]
_Verdict: TypeAlias = "tuple[type[errors.OwnershipError], str, str]"

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
    where = place(taken)
    verdict = _judge(access, facts[2], hold, _taken_at(where))
    return _make(lock, lock_name(lock), facts, access, facts[2], where, verdict)


def make_rwlock_violation(
    lock: RWLock,
    facts: Facts,
    access: str,
    side: str,
    readers: list[ThreadInfo],
    reads: int,
    writes: int,
    taken: Place | None,
) -> errors.OwnershipError:
    """The exception for a call that one of the sides of an RWLock refused. Called by the C core.

    Args:
        lock: the lock.
        facts: what the core knows of it; the holder is the writer.
        access: ``"acquire"``, ``"release"``, ``"adopt"``, or ``"wait"`` for a Condition's.
        side: ``"read"`` or ``"write"``.
        readers: the threads that hold the read side.
        reads: the calling thread is one of them.
        writes: the calling thread holds the write side.
        taken: the code and the line with which the calling thread, or a writer that has ended, took it, where strict
            mode noted it.
    """
    from owned import _core

    where = place(taken)
    writer = facts[2]
    if access == "acquire":
        wanted = [reader for reader in readers if reader.finished or (reads and reader.id == _core.thread_id())]
    else:
        wanted = readers
    who = writer if writer is not None else next(iter(wanted), None)
    verdict = _judge_sides(access, side, writer, wanted, reads, writes, _taken_at(where))
    return _make(lock, f"the {side} side of {lock_name(lock)}", facts, access, who, where, verdict)


def _make(
    lock: Lock | RLock | RWLock | Condition,
    what: str,
    facts: Facts,
    access: str,
    holder: ThreadInfo | None,
    where: Site | None,
    verdict: _Verdict,
) -> errors.OwnershipError:
    """The exception that a verdict asks for, reported."""
    from owned import _core

    state, _owner, _holder, _lock, record = facts
    kind, but, advice = verdict
    toucher = threading.current_thread().name
    life = () if where is None or holder is None else (taking(lock_name(lock), where, holder.name),)
    error = kind(
        f"thread {toucher!r} tried to {access} {what}, but {but}. {advice}",
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


def _taken_at(where: Site | None) -> str:
    return "" if where is None else f" (taken at {where})"


def _judge(access: str, holder: ThreadInfo | None, hold: str, taken: str) -> _Verdict:
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


def _judge_sides(
    access: str,
    side: str,
    writer: ThreadInfo | None,
    readers: list[ThreadInfo],
    reads: int,
    writes: int,
    taken: str,
) -> _Verdict:
    if access == "wait":
        return (
            errors.LockOrderError,
            "it holds the read side as well, which would keep every writer out for as long as it waits",
            "Give the read side back first: wait() gives back the write side only.",
        )
    if access == "acquire" and side == "write" and reads:
        return (
            errors.LockOrderError,
            f"it holds the read side only{taken}, and would wait for itself for ever",
            "Give the read side back first, or take the write side from the start, `with rw.write: ...`: its holder "
            "may read, too. What was read before the write side was taken may have changed.",
        )
    if access == "release":
        if side == "write" and reads:
            return errors.LockNotHeldError, "it holds the read side only", "Release what it holds: rw.read.release()."
        if side == "read" and writes:
            return errors.LockNotHeldError, "it holds the write side only", "Release what it holds: rw.write.release()."
        return (
            errors.LockNotHeldError,
            f"this thread holds neither side, and {told_holders(writer, readers)}",
            f"A side is released by the thread that acquired it: `with rw.{side}: ...` does both.",
        )
    if access == "adopt":
        return errors.LockNotHeldError, f"{told_holders(writer, readers)} and still runs", f"Wait: rw.{side}.acquire()."
    if writer is not None and writer.finished:
        return (
            errors.OrphanedError,
            f"thread {writer.name!r}, which holds the write side{taken}, {has_ended(writer)}, so nobody will release "
            "it",
            "Look after what it guards, which may be half done; adopt(lock) takes the write side over.",
        )
    return (
        errors.OrphanedError,
        f"{told_holders(None, readers)} and {has_ended(readers[0])}, so nobody will release it",
        "adopt(lock) lets go of what threads that have ended held as readers.",
    )
