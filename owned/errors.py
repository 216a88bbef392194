# SPDX-License-Identifier: MIT
"""The exceptions of owned. Every one tells its facts twice: as a sentence, and as attributes."""

from __future__ import annotations

import sys
from pickle import PicklingError
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 13):
    from queue import ShutDown as _ShutDown
else:

    class _ShutDown(Exception):
        """What queue.ShutDown is from 3.13 on."""


if TYPE_CHECKING:
    from owned._records import Record, Site, Violation

__all__ = [
    "AliasWarning",
    "ChannelClosed",
    "ForeignObjectWarning",
    "FreezeError",
    "FrozenError",
    "LockNotHeldError",
    "LockOrderError",
    "MovedError",
    "OrphanedError",
    "OwnershipError",
    "OwnershipWarning",
    "PermitNotHeldError",
    "TravelError",
    "UnclaimedWarning",
    "ViolationWarning",
    "WrongTaskError",
    "WrongThreadError",
]


class OwnershipError(RuntimeError):
    """An object was touched by a thread that may not touch it now.

    It holds facts only, never the object: an exception that travels to another thread keeps nothing private alive.
    Where a fact does not apply, or the error was raised by hand, it is None.

    Attributes:
        type_name: the type of the object, as the program knows it (``str``).
        address: the object's address, its ``id`` (``int``).
        access: how it was touched: ``"read"``, ``"write"``, ``"delete"``, ``"call"`` and so on (``str``).
        name: which attribute, key, method or operation (``str``).
        touch: both in words: ``"read Account.balance"``, ``"call List.append()"`` (``str``).
        state: ``"private"``, ``"shared"``, ``"frozen"``, ``"in transit"`` or ``"orphaned"``.
        owner: the name of the thread whose it is or was, or of the thread that holds its lock (``str``).
        owner_id: that thread's number, never reused within the process (``int``).
        toucher: the name of the thread that touched it (``str``).
        toucher_id: that thread's number (``int``).
        owner_task: the name of the task whose it is or was, if ``task_private`` gave it to one (``str``).
        toucher_task: the name of the task that touched what is, or was, another task's (``str``).
        lock: what guards it, if it is shared (``str``).
        record: the ``freeze``, ``share`` or ``move`` that brought it into its state (``Record``).
        site: where it was touched: file name, line number, function name (``tuple``).
        advice: the way out (``str``).
        life: where the object was made, and the verbs that took it along since; for locks, where the other order was
            taken (``Record``, oldest first). Empty unless the mode was strict.
        owner_stack: where the owner or the lock's holder was at that moment (``Site``, innermost first). Empty unless
            the mode was strict, and on an interpreter that runs without the GIL.
        violation: all of this and more as one value that can be kept (``Violation``).
    """

    type_name: str | None = None
    address: int | None = None
    access: str | None = None
    name: str | None = None
    touch: str | None = None
    state: str | None = None
    owner: str | None = None
    owner_id: int | None = None
    toucher: str | None = None
    toucher_id: int | None = None
    owner_task: str | None = None
    toucher_task: str | None = None
    lock: str | None = None
    record: Record | None = None
    site: tuple[str, int, str] | None = None
    advice: str | None = None
    life: tuple[Record, ...] = ()
    owner_stack: tuple[Site, ...] = ()
    violation: Violation | None = None

    def __init__(self, message: str = "", /, **facts: Any) -> None:
        super().__init__(message)
        for name in facts:  # 3.11 crashes on facts.items() where there is no memory
            setattr(self, name, facts[name])


class WrongThreadError(OwnershipError):
    """A private object was touched by a thread that does not own it."""


class WrongTaskError(WrongThreadError):
    """What is private to one task was touched by another, or by code outside of it: a callback, another thread."""


class LockNotHeldError(OwnershipError):
    """A shared object was touched without its lock, or a lock was released by a thread that does not hold it."""


class PermitNotHeldError(LockNotHeldError, ValueError):
    """A permit of a BoundedSemaphore was given back by a thread that has not taken it."""


class FrozenError(OwnershipError, TypeError):
    """A frozen object was to be changed."""


class MovedError(OwnershipError):
    """An object that was moved was touched before its parcel was claimed, or a parcel was claimed twice."""


class OrphanedError(OwnershipError):
    """An object was touched whose thread has ended, or a lock was taken whose holder has ended."""


class FreezeError(OwnershipError, TypeError):
    """An object cannot be frozen, because of something that it reaches; the message names the path."""


class TravelError(OwnershipError, TypeError, PicklingError):
    """An object cannot go to another process, because of something that it reaches; the message names the path."""


class LockOrderError(OwnershipError):
    """Two or more locks are taken in orders that contradict each other, or one is taken twice: a deadlock."""


class ChannelClosed(RuntimeError, _ShutDown):
    """A channel is closed: nothing more can be put into it, or will come out. From 3.13 on a ``queue.ShutDown`` too."""


class OwnershipWarning(UserWarning):
    """What owned warns of, through ``warnings``: filters, ``-W error`` and pytest know how to deal with it."""


class ViolationWarning(OwnershipWarning):
    """A violation that the policy ``"warn"`` let pass.

    Attributes:
        violation: what happened (``Violation``).
    """

    violation: Violation | None = None


class AliasWarning(OwnershipWarning):
    """Somebody else still holds what was stored in a guarded object as a copy, or what ``own`` was put around."""


class ForeignObjectWarning(OwnershipWarning):
    """A shared object reaches something that nobody guards."""


class UnclaimedWarning(OwnershipWarning):
    """Something was handed over and nobody took it."""
