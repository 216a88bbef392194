# SPDX-License-Identifier: MIT
"""The mode off: nothing is checked, and every lock goes on excluding.

``share(obj, lock=...)`` of an object that nobody guards still says which lock it is used under: ``locked(obj)`` and
``lock_of(obj)`` have to find it. It is kept here, by identity; for an object that can be weakly referenced as long as
that lives, for another one (a plain list, a class with ``__slots__`` and no ``__weakref__``) for the life of the
process.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

_locks: dict[int, tuple[Any, Any]] = {}
"""id(obj) -> (a weak reference to obj, or obj itself; its lock)."""

_mutex = threading.RLock()  # the collector may run a finalizer that comes here again
if hasattr(os, "register_at_fork"):  # the child must not find it held by a thread it does not have
    os.register_at_fork(before=_mutex.acquire, after_in_parent=_mutex.release, after_in_child=_mutex.release)


def share(obj: Any, lock: Any) -> Any:
    """``share()`` while the mode is off: remember the lock. Called by the C core.

    Raises:
        TypeError: `lock` is none that ``share`` takes.
        OwnershipError: `obj` is shared under another lock.
    """
    from owned import _core
    from owned._foreign_locks import probe

    if lock is None:
        lock = _core.RLock()
    elif isinstance(lock, _core.Condition):
        lock = lock._lock
    elif not isinstance(lock, _core.Lock | _core.RLock | _core.RWLock):
        probe(lock)
    if _remember(obj, lock):
        _core.count_share()
    return obj


def _remember(obj: Any, lock: Any) -> bool:
    from owned import errors

    with _mutex:
        known = lock_of(obj)
        if known is lock:
            return False
        if known is not None:
            raise errors.OwnershipError(
                f"this {type(obj).__name__} is shared already, under another lock (lock_of(obj) tells which): an "
                "object has one lock for life"
            )
        _locks[id(obj)] = (_weakly(obj), lock)
    return True


def _weakly(obj: Any) -> Any:
    """A weak reference that takes the entry out when its object dies; the object itself where there can be none."""
    address = id(obj)

    def forget(gone: weakref.ref[Any]) -> None:
        with _mutex:
            entry = _locks.get(address)
            if entry is not None and entry[0] is gone:
                del _locks[address]

    try:
        return weakref.ref(obj, forget)
    except TypeError:
        return obj


def lock_of(obj: object) -> Any:
    """The lock that an object was shared under while the mode is off, or None."""
    entry = _locks.get(id(obj))
    if entry is None:
        return None
    kept, lock = entry
    return lock if kept is obj or (isinstance(kept, weakref.ref) and kept() is obj) else None


def lock_to_take(obj: object) -> Any:
    """The lock that ``locked(obj)`` takes while the mode is off; None for a frozen object. Called by the C core.

    Raises:
        RuntimeError: nobody shared this very object, so nobody knows its lock.
    """
    from owned import _core

    lock = lock_of(obj)
    if lock is None and not _core.is_frozen(obj):
        raise RuntimeError(
            f"nobody knows which lock guards this {type(obj).__name__}: owned is off, so locked() knows only the "
            "objects that share() was called with, not what they hold. Take the lock by its name, or use the mode guard"
        )
    return lock
