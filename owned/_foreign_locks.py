# SPDX-License-Identifier: MIT
"""Locks that are not ours: which of them can tell whether the calling thread holds them.

An object may be shared under a foreign lock if the lock can answer that one question, which every access then asks:

====================================  ======================================================
``threading.RLock``, C and Python     yes
``threading.Condition``               if the lock inside it can
``multiprocessing.RLock``             yes
``multiprocessing.Condition``         if the lock inside it can
any other with ``_is_owned()``        yes: it is the question ``threading.Condition`` asks
types given to ``register_lock``      yes
everything else                       no: `TypeError`, with the drop-in to use
====================================  ======================================================
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["probe", "register_lock"]

_L = TypeVar("_L")

_registered: dict[type, Callable[[Any], bool]] = {}

_READER_WRITER = ("readerwriterlock", "fasteners")
_READ_SIDES = ("gen_rlock", "read_lock", "acquire_read")  # as reader-writer locks of others call theirs

_CANNOT_TELL = "which cannot tell which thread holds it"
_SEVERAL = "which lets several threads in at once"
_EXCLUDES_NOBODY = "which excludes nobody"
_ANYBODY_RELEASES = "which any thread or process may release"


def probe(lock: object) -> Callable[[], object]:
    """Find out how to ask a foreign lock whether the calling thread holds it.

    Args:
        lock: the lock.

    Returns:
        A callable without arguments whose answer is true when the thread that calls it holds the lock.

    Raises:
        TypeError: `lock` cannot tell, or is no lock; the message names what to use instead.

    Threads:
        Any thread. The lock is looked at, never taken.
    """
    for cls in type(lock).__mro__:
        is_held = _registered.get(cls)
        if is_held is not None:
            return _Asked(is_held, lock)
    if isinstance(lock, type):
        raise TypeError(f"`lock` must be a lock, got the class {_name(lock)} itself: make one, {_name(lock)}()")
    if isinstance(lock, threading.Condition) or _is_multiprocessing(lock, "Condition"):
        return _probe_inside(lock, lock._lock)  # type: ignore[attr-defined]
    if _is_multiprocessing(lock, "RLock"):
        return lock._semlock._is_mine  # type: ignore[attr-defined, no-any-return]
    for known, reason, instead in (*_refused_of_ours(), *_refused()):
        if isinstance(lock, known):
            raise _refusal(lock, reason, instead)
    module = type(lock).__module__.partition(".")[0]
    if module == "asyncio":
        raise _refusal(lock, "which excludes tasks, not threads", "owned.Lock()")
    if module in _READER_WRITER or any([callable(getattr(lock, name, None)) for name in _READ_SIDES]):
        raise _refusal(lock, "which lets several readers in at once", "owned.RWLock()")
    if not (callable(getattr(lock, "acquire", None)) and callable(getattr(lock, "release", None))):
        raise TypeError(f"`lock` must be a lock, got {_name(type(lock))}: use owned.RLock()")
    is_owned = getattr(lock, "_is_owned", None)
    if not callable(is_owned):
        raise _refusal(lock, _CANNOT_TELL, "owned.RLock(), or say how with register_lock()")
    return is_owned  # type: ignore[no-any-return]


def _probe_inside(condition: Any, lock: object) -> Callable[[], object]:
    try:
        return probe(lock)
    except TypeError:
        raise _refusal(condition, f"whose lock is a {_name(type(lock))}, {_CANNOT_TELL}", _drop_in(condition)) from None


def register_lock(cls: type[_L], *, is_held: Callable[[_L], bool]) -> None:
    """Accept the locks of a type in share(), told how to ask one of them whether the calling thread holds it.

    Args:
        cls: the type; subclasses are accepted with it.
        is_held: called with the lock at each access to what is shared under it.

    Raises:
        TypeError: `cls` is no type, or `is_held` cannot be called.

    Threads:
        Any thread; `is_held` is called by whichever thread touches a shared object, and must not block.
    """
    if not isinstance(cls, type):
        raise TypeError(f"`cls` must be a type, got {_name(type(cls))}")
    if not callable(is_held):
        raise TypeError(f"`is_held` must be callable, got {_name(type(is_held))}")
    _registered[cls] = is_held


class _Asked:
    """The question of register_lock(), about one lock."""

    __slots__ = ("_is_held", "_lock")

    def __init__(self, is_held: Callable[[Any], bool], lock: object) -> None:
        self._is_held = is_held
        self._lock = lock

    def __call__(self) -> bool:
        return self._is_held(self._lock)


def _refused() -> list[tuple[tuple[type, ...], str, str]]:
    plain = [
        ((type(threading.Lock()),), _CANNOT_TELL, "owned.Lock(), a drop-in for it"),
        ((threading.Semaphore,), _SEVERAL, "owned.Lock()"),
        ((threading.Event, threading.Barrier), _EXCLUDES_NOBODY, "owned.RLock()"),
    ]
    processes = sys.modules.get("multiprocessing.synchronize")
    if processes is not None:
        plain += [
            ((processes.Lock,), _ANYBODY_RELEASES, "multiprocessing.RLock()"),
            ((processes.Semaphore,), _SEVERAL, "multiprocessing.RLock()"),
            ((processes.Event, processes.Barrier), _EXCLUDES_NOBODY, "multiprocessing.RLock()"),
        ]
    return plain


def _refused_of_ours() -> list[tuple[tuple[type, ...], str, str]]:
    from owned import _core

    return [
        ((_core.Semaphore,), _SEVERAL, "owned.Lock()"),
        (
            (_core.CompoundLock,),
            "which is several locks",
            "one of them, as an object has one lock for life; `with a + b:` takes those of several objects",
        ),
    ]


def not_ours(lock: object, call: str) -> TypeError:
    """The error for a call that needs a lock of ours. Called by the C core.

    Args:
        lock: what it was given.
        call: how its message begins.
    """
    from owned import _core

    drop_ins: list[tuple[Any, str]] = [
        (_core.CompoundLock, "use one of its locks"),
        (_core.ReadSide, "use the lock itself, whose write side a wait gives back"),
        (_core.BoundedSemaphore, f"{_SEVERAL}: use owned.Lock()"),
        (_core.Semaphore, f"{_SEVERAL}: use owned.Lock()"),
        (type(threading.Lock()), "use owned.Lock(), a drop-in for it"),
        (type(threading.RLock()), "use owned.RLock(), a drop-in for it"),
        (threading.Condition, "use owned.Condition(), a drop-in for it"),
        (threading.BoundedSemaphore, f"{_SEVERAL}: use owned.Lock()"),
        (threading.Semaphore, f"{_SEVERAL}: use owned.Lock()"),
    ]
    what = f"the class {_name(lock)} itself" if isinstance(lock, type) else _name(type(lock))
    for known, advice in drop_ins:
        if isinstance(lock, known):
            return TypeError(f"{call}, got {what}{', ' if advice.startswith('which') else ': '}{advice}")
    return TypeError(f"{call}, got {what}: use owned.RLock()")


def _is_multiprocessing(lock: object, name: str) -> bool:
    """An instance of the class behind multiprocessing's factory of this name, asked without importing it."""
    processes = sys.modules.get("multiprocessing.synchronize")
    return processes is not None and isinstance(lock, getattr(processes, name))


def _drop_in(condition: object) -> str:
    if isinstance(condition, threading.Condition):
        return "threading.Condition(owned.RLock())"
    return "multiprocessing.Condition()"


def _refusal(lock: object, reason: str, instead: str) -> TypeError:
    return TypeError(f"`lock` must be a lock that knows its holder, got {_name(type(lock))}, {reason}: use {instead}")


_PUBLIC_NAMES = {type(threading.Lock()): "threading.Lock", type(threading.RLock()): "threading.RLock"}


def _name(cls: type) -> str:
    """The name a user knows the type by."""
    known = _PUBLIC_NAMES.get(cls)
    if known is not None:
        return known
    module = cls.__module__
    if module in ("asyncio.locks", "multiprocessing.synchronize"):
        module = module.partition(".")[0]
    return cls.__qualname__ if module == "builtins" else f"{module}.{cls.__qualname__}"
