# SPDX-License-Identifier: MIT
"""`Lock`, `RLock` and `Condition`.

The types of `_thread` can neither be patched nor (`Lock`) be inherited from, so a lock that is told of is a wrapper
around a real one: it has its class (as `isinstance` sees it), its repr and its refusals.

Edges. A release comes before the acquires that follow it: the detector keeps these apart, since the order in which
threads take a lock is an accident. Two cases are no accident, and are told as signals as well:

- A lock that another thread releases than has taken it is a signal, one thread waiting for the other.
- `notify` of a condition says that what somebody waits for has happened. A thread that comes too late to wait for it
  finds out under the same lock, without a call: so whoever takes the lock from then on has heard of it. The signal goes
  out when the lock is given back, with everything that was done under it.
"""

from __future__ import annotations

import _thread
import sys
import threading
from typing import Any, Final

from owned._audit._sync_base import MARK, Patches, behind_patches, detector, is_inside, is_made_inside

__all__ = ["REAL", "Answers", "Lock", "RLock", "install", "is_real", "tell_of"]

_get_ident = _thread.get_ident
_allocate_lock = _thread.allocate_lock
_RealLock = type(_allocate_lock())
_RealRLock = _thread.RLock
REAL: Final = (_RealLock, _RealRLock)
"""The types of `_thread`'s locks."""


class Answers(type):
    """Instances of a type of C are instances of what stands in for it."""

    real: type

    def __instancecheck__(cls, instance: object) -> bool:
        return type.__instancecheck__(cls, instance) or isinstance(instance, cls.real)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return type.__subclasscheck__(cls, subclass) or issubclass(subclass, cls.real)


class _AnswersForLocks(Answers):
    real = _RealLock


class _AnswersForRLocks(Answers):
    real = _RealRLock


class _Told:
    """What both have in common. `_signal` is there once somebody has used the lock as one."""

    __slots__ = ("__weakref__", "_info", "_is_notified", "_raw", "_signal")

    _raw: Any
    _info: Any
    _signal: Any
    _is_notified: bool

    def _begin(self, raw: Any, kind: str) -> None:
        self._raw = raw
        self._info = detector.module.LockInfo(kind)
        self._signal = None
        self._is_notified = False

    def notified(self) -> None:
        """A condition over this lock, which the calling thread holds, was notified."""
        self._is_notified = True

    def _give_signal(self, kind: str) -> None:
        self._is_notified = False
        signal = self._signal
        if signal is None:
            signal = self._signal = detector.module.Sync(kind)
        signal.release()

    def __repr__(self) -> str:
        return repr(self._raw)

    def __reduce_ex__(self, protocol: Any, /) -> Any:
        return self._raw.__reduce_ex__(protocol)  # which refuses


class Lock(_Told, metaclass=_AnswersForLocks):
    """`threading.Lock`, told of."""

    __slots__ = ("_owner",)

    _owner: int  # who has taken this one; 0: nobody, or somebody who has taken the real one

    def __new__(cls) -> Any:
        raw = _allocate_lock()
        return raw if is_inside(sys._getframe(1)) else _tell(raw)

    def __init_subclass__(cls, **options: Any) -> None:
        raise TypeError("type '_thread.lock' is not an acceptable base type")

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return _RealLock

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As the real one."""
        taken: bool = self._raw.acquire(blocking, timeout)
        if taken:
            self._owner = _get_ident()
            self._info.acquired()
            if self._signal is not None:
                self._signal.acquire()
        return taken

    def release(self) -> None:
        """As the real one."""
        raw = self._raw
        if raw.locked():
            if self._is_notified:
                self._give_signal("condition")
            if self._owner != _get_ident():
                self._give_signal("lock released by another thread")
            self._owner = 0
            self._info.released()
        raw.release()

    __enter__ = acquire

    def __exit__(self, *exc_info: object) -> None:
        self.release()

    def locked(self) -> bool:
        """As the real one."""
        answer: bool = self._raw.locked()
        if not answer and self._signal is not None:
            self._signal.acquire()
        return answer

    def begin_inside(self) -> bool:
        """Tell that the calling thread holds the real one; False if it has told so, by taking this one, or does not."""
        if self._owner == _get_ident() or not self._raw.locked():
            return False
        self._owner = _get_ident()
        self._info.acquired()
        if self._signal is not None:
            self._signal.acquire()
        return True

    def end_inside(self) -> None:
        """Tell that it does no more what `begin_inside` was called for."""
        self._owner = 0
        if self._is_notified:
            self._give_signal("condition")
        self._info.released()

    acquire_lock = acquire
    release_lock = release
    locked_lock = locked

    def _at_fork_reinit(self) -> None:
        if self._raw.locked() and self._owner == _get_ident():
            self._info.released()
        self._raw._at_fork_reinit()


class RLock(_Told, metaclass=_AnswersForRLocks):
    """`threading.RLock`, told of."""

    __slots__ = ("_depth",)

    _depth: int

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        raw = _RealRLock(*args, **kwargs)
        frame = sys._getframe(1)
        if frame.f_code is _CONDITION:  # which makes it for whoever makes the condition
            frame = behind_patches(frame.f_back)  # type: ignore[assignment]
        return raw if is_inside(frame) else _tell_recursive(raw, cls)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return _RealRLock

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """As the real one."""
        taken: bool = self._raw.acquire(blocking, timeout)
        if taken:
            self._depth += 1
            if self._depth == 1:
                self._taken()
        return taken

    def _taken(self) -> None:
        self._info.acquired()
        if self._signal is not None:
            self._signal.acquire()

    def release(self) -> None:
        """As the real one."""
        raw = self._raw
        if raw._is_owned():
            if self._depth == 1:
                self._given_back()
            self._depth -= 1
        raw.release()

    def _given_back(self) -> None:
        if self._is_notified:
            self._give_signal("condition")
        self._info.released()

    __enter__ = acquire

    def __exit__(self, *exc_info: object) -> None:
        self.release()

    if hasattr(_RealRLock, "locked"):  # 3.14

        def locked(self) -> bool:
            """As the real one."""
            answer: bool = self._raw.locked()
            return answer

    def begin_inside(self) -> bool:
        """As that of `Lock`."""
        if not self._raw._is_owned() or self._depth:
            return False
        self._depth = 1
        self._taken()
        return True

    def end_inside(self) -> None:
        """As that of `Lock`."""
        self._given_back()
        self._depth = 0

    def _is_owned(self) -> bool:
        answer: bool = self._raw._is_owned()
        return answer

    def _recursion_count(self) -> int:
        return self._depth if self._raw._is_owned() else 0

    def _release_save(self) -> Any:
        depth = self._depth
        if self._raw._is_owned():
            self._given_back()
            self._depth = 0
        return self._raw._release_save(), depth

    def _acquire_restore(self, state: Any) -> None:
        inner, depth = state
        self._raw._acquire_restore(inner)
        self._depth = depth
        self._taken()

    def _at_fork_reinit(self) -> None:
        if self._raw._is_owned():
            self._info.released()
        self._raw._at_fork_reinit()
        self._depth = 0


_TOLD = (Lock, RLock)
_CONDITION = threading.Condition.__init__.__code__


def _tell(raw: Any) -> Lock:
    lock: Lock = object.__new__(Lock)
    lock._begin(raw, "Lock")
    lock._owner = 0
    return lock


def _tell_recursive(raw: Any, cls: type[RLock] = RLock) -> RLock:
    lock: RLock = object.__new__(cls)
    lock._begin(raw, "RLock")
    lock._depth = 0
    return lock


def is_real(value: object) -> bool:
    """Is it a lock of `_thread`?"""
    return type(value) in REAL


def tell_of(raw: Any, *, held: bool = False) -> Any:
    """A lock that is told of, around a real one; None around anything else.

    Whoever has the real one and takes it excludes whoever takes the one around it.

    Args:
        raw: the real one.
        held: whether it is all the same if somebody holds it now.
    """
    if type(raw) is _RealLock and (held or not raw.locked()):
        return _tell(raw)
    if type(raw) is _RealRLock and (held or "count=0" in repr(raw)):
        return _tell_recursive(raw)
    return None


def install(patches: Patches) -> None:
    """Tell of locks and conditions that are made from now on."""
    keeps = [("threading", "_allocate_lock"), ("threading", "_LockType"), ("threading", "_CRLock")]
    for original in {id(one): one for one in (threading.Lock, _RealLock, _allocate_lock)}.values():
        patches.everywhere(original, Lock, but=keeps)
    for recursive in (threading.RLock, _RealRLock):
        patches.everywhere(recursive, RLock, but=keeps)
    patches.method(threading.Condition, "__init__", _begin_condition)
    patches.method(threading.Condition, "notify", _notify)
    patches.method(threading.Condition, "wait", _wait)


def _begin_condition(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    wrapped(*args, **kwargs)
    if type(instance._lock) not in _TOLD and not is_made_inside():
        setattr(instance, MARK, detector.module.Sync("condition"))  # its lock cannot carry the signal


def _notify(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    wrapped(*args, **kwargs)
    lock = instance._lock
    if type(lock) in _TOLD:
        lock.notified()
    elif MARK in instance.__dict__:
        instance.__dict__[MARK].release()


def _wait(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    answer = wrapped(*args, **kwargs)
    if MARK in instance.__dict__ and answer:
        instance.__dict__[MARK].acquire()
    return answer
