# SPDX-License-Identifier: MIT
"""locked(obj): take the lock of a shared object, whichever it is."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Generic, TypeVar

from owned._core import lock_to_take

__all__ = ["locked"]

_T = TypeVar("_T")


class locked(Generic[_T]):  # noqa: N801: used as a function, like contextlib.closing
    """A context manager that takes the lock of a shared object while its block runs.

    ``with locked(account) as a:`` spares the code that uses an object from knowing the lock its maker chose. An object
    that needs no lock here, because it is frozen or private to this thread, makes it a block like any other, so the
    same code serves an object before and after it is shared. Should the object be shared anew, frozen or moved while
    the block waits, the block starts under what guards the object then.

    Args:
        obj: a guarded object or a Region.

    Returns:
        The context manager; ``as`` gives `obj`.

    Raises:
        TypeError: `obj` carries no guard.
        WrongThreadError, MovedError, OrphanedError: no lock would let this thread touch `obj`. Raised at once, by the
            call as by the entry into the block.
        OrphanedError: the thread that holds the lock has ended.

    Threads:
        Any thread. Make one for each block: a single one does not serve two threads at a time.
    """

    __slots__ = ("_obj", "_taken")

    def __init__(self, obj: _T) -> None:
        lock_to_take(obj)
        self._obj = obj
        self._taken: list[Any] = []

    def __enter__(self) -> _T:
        """Take the lock."""
        obj = self._obj
        lock = lock_to_take(obj)
        while lock is not None:
            lock.acquire()
            try:
                now = lock_to_take(obj)
            except BaseException:
                lock.release()
                raise
            if now is lock:
                break
            lock.release()
            lock = now
        self._taken.append(lock)
        return obj

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the lock back."""
        lock = self._taken.pop()
        if lock is not None:
            lock.release()
