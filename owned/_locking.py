# SPDX-License-Identifier: MIT
"""locked(obj): take the lock of a shared object, whichever it is."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Generic, TypeVar

from owned._core import RWLock, lock_to_take

__all__ = ["locked"]

_T = TypeVar("_T")


class locked(Generic[_T]):  # used as a function, like contextlib.closing
    """A context manager that takes the lock of a shared object while its block runs.

    ``with locked(account) as a:`` spares the code that uses an object from knowing the lock its maker chose. An object
    that needs no lock here, because it is frozen or private to this thread, makes it a block like any other, so the
    same
    code serves an object before and after it is shared. Should the object be shared anew, frozen or moved while
    the block waits, the block starts under what guards the object then.

    Args:
        obj: a guarded object or a Region.
        read: take the read side of an ``RWLock``, beside other readers; of a lock without sides, the lock.

    Returns:
        The context manager; ``as`` gives `obj`.

    Raises:
        TypeError: `obj` carries no guard.
        WrongThreadError, MovedError, OrphanedError: no lock would let this thread touch `obj`. Raised at once, by the
        call
            as by the entry into the block.
        OrphanedError: the thread that holds the lock has ended.
        LockOrderError: this thread holds the read side of its ``RWLock`` only, and `read` is false.

    Threads:
        Any thread. Make one for each block: a single one does not serve two threads at a time.
    """

    __slots__ = ("_obj", "_read", "_taken")

    def __init__(self, obj: _T, *, read: bool = False) -> None:
        lock_to_take(obj)
        self._obj = obj
        self._read = read
        self._taken: list[Any] = []

    def __enter__(self) -> _T:
        """Take the lock."""
        obj = self._obj
        lock = lock_to_take(obj)
        side = None
        while lock is not None:
            side = lock.read if self._read and isinstance(lock, RWLock) else lock
            side.acquire()
            try:
                now = lock_to_take(obj)
            except BaseException:
                side.release()
                raise
            if now is lock:
                break
            side.release()
            side, lock = None, now
        self._taken.append(side)
        return obj

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the lock back."""
        lock = self._taken.pop()
        if lock is not None:
            lock.release()
