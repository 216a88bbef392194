# SPDX-License-Identifier: MIT
"""``own_class(..., shared_by="_lock")``: instances that other people's code shares under a lock of their own.

Such a class takes its lock itself (``with self._lock: ...``), so nothing calls ``share()``. Here an instance is shared
under the lock in that attribute as soon as its outermost ``__init__`` has returned. From then on a thread without the
lock may touch only what must be touched to get at the lock: methods, class attributes, the fields that hold locks and
other things that synchronize themselves, and the fields that the configuration lists.

A ``threading.Lock`` cannot tell who holds it. One that belongs to the instance alone is replaced by an ``owned.Lock``,
and a ``threading.RLock`` by an ``owned.RLock``; the conditions that were made over it come along.
"""

from __future__ import annotations

import copyreg
import sys
import threading
from collections.abc import Iterable
from typing import Any

from owned import _known_types, _monitor

__all__ = ["declare", "is_declared", "prepare"]

_LOCK = "__owned_shared_by__"
_UNLOCKED = "__owned_unlocked__"  # csrc/object.c reads it: a set of names; on a class that has it, methods are free too


def declare(cls: type, lock: str, unlocked: Iterable[str]) -> None:
    """The instances of this class and of its subclasses are shared under the lock in this attribute."""
    type.__setattr__(cls, _LOCK, lock)
    type.__setattr__(cls, _UNLOCKED, frozenset({lock, *unlocked}))


def is_declared(cls: type) -> bool:
    """Are the instances of the class shared under a lock of their own?"""
    return any(_LOCK in vars(base) for base in cls.__mro__)


def prepare(cls: type) -> None:
    """Share the instances of a class once they are made. Idempotent."""
    _monitor.share_when_made(cls, is_declared, _share)


def _share(self: Any) -> None:
    from owned import _core

    facts = _core.region_facts(self)
    if facts is not None and facts[0] != "private":  # its own code has shared, frozen or moved it
        return
    cls = type(self)
    name: str = getattr(cls, _LOCK)
    try:
        lock = getattr(self, name)
    except AttributeError:
        raise TypeError(
            f"{cls.__qualname__} is shared by its attribute {name}, which an instance does not have when its __init__ "
            "has returned"
        ) from None
    if type(_inner(lock)) in (_THREADING_LOCK, _THREADING_RLOCK):
        del lock  # it is counted who refers to it
        lock = _lock_that_tells(self, name)
    fields = _fields(self)
    _let_through(cls, {field for field, value in fields.items() if _synchronizes_itself(value)})
    _core.share(self, lock=lock)


def _fields(self: Any) -> dict[str, Any]:
    slots = copyreg._slotnames(type(self))  # type: ignore[attr-defined]
    return {name: getattr(self, name) for name in (*slots, *getattr(self, "__dict__", ())) if hasattr(self, name)}


def _synchronizes_itself(value: object) -> bool:
    from owned import _core

    locks = (_core.Lock, _core.RLock, _core.RWLock, _core.ReadSide, _core.WriteSide)
    return isinstance(value, locks) or _known_types.is_synchronized(type(value))


def _let_through(cls: type, names: set[str]) -> None:
    """Let more fields of a class be read without the lock."""
    known: frozenset[str] = getattr(cls, _UNLOCKED)
    if not names <= known:
        type.__setattr__(cls, _UNLOCKED, known | names)


# ---- a lock that can tell --------------------------------------------------------------------------------------------

_THREADING_LOCK = type(threading.Lock())
_THREADING_RLOCK = type(threading.RLock())


def _inner(lock: Any) -> Any:
    return vars(lock)["_lock"] if type(lock) is threading.Condition else lock


def _lock_that_tells(self: Any, name: str) -> Any:
    """What stands in the place of one of threading's locks, in the object's fields and in their conditions.

    Raises:
        TypeError: it cannot tell its holder, and somebody else has it, too.
    """
    from owned import _core

    alone = _others(self, name) == _NOBODY
    fields = _fields(self)
    old = _inner(fields[name])
    if not alone or _is_taken(old):
        if type(old) is _THREADING_RLOCK:
            return old
        raise TypeError(
            f"{type(self).__qualname__} is shared by its attribute {name}, a threading.Lock, which cannot tell which "
            "thread holds it, and cannot be replaced by an owned.Lock(): something besides the object refers to it, or "
            "holds it"
        )
    new = _core.Lock() if type(old) is _THREADING_LOCK else _core.RLock()
    for field, value in fields.items():
        if value is old:
            setattr(self, field, new)
        elif type(value) is threading.Condition and _inner(value) is old:
            for method in ("_release_save", "_acquire_restore", "_is_owned"):
                vars(value).pop(method, None)  # the old lock's, where it has them
            threading.Condition.__init__(value, new)  # type: ignore[arg-type]
    return new


def _is_taken(lock: Any) -> bool:
    if type(lock) is _THREADING_LOCK:
        return bool(lock.locked())
    if lock._is_owned() or not lock.acquire(blocking=False):
        return True
    lock.release()
    return False


def _others(self: Any, name: str) -> int:
    """How many references to a lock there are that the object's own fields do not account for, and _NOBODY."""
    fields = _fields(self)
    lock = _inner(fields[name])
    conditions = {id(value): value for value in fields.values() if type(value) is threading.Condition}
    known = sum(_refers_to(part, lock) for condition in conditions.values() for part in vars(condition).values())
    known += 2 * sum(value is lock for value in fields.values())  # the object's own, and those here
    return sys.getrefcount(lock) - known


def _refers_to(part: object, lock: object) -> bool:
    return part is lock or getattr(part, "__self__", None) is lock


class _Sample:
    def __init__(self) -> None:
        self.lock = threading.Lock()


_NOBODY = _others(_Sample(), "lock")
