# SPDX-License-Identifier: MIT
"""multiprocessing's `Lock`, `RLock` and semaphores, which exclude threads as well as processes.

Only what threads of this process do is told of. `Event`, `Condition` and `Barrier` are made of these: what they order
is ordered by the semaphores inside.
"""

from __future__ import annotations

from typing import Any

from owned._audit._sync_base import MARK, Patches, detector
from owned._when_imported import when_imported

__all__ = ["install"]

_state: list[Patches] = []


def install(patches: Patches) -> None:
    """Tell of them, now or as soon as somebody imports multiprocessing's."""
    _state[:] = [patches]
    patches.also(_state.clear)
    when_imported("multiprocessing.synchronize", _patch)


def _patch(module: Any) -> None:
    if not _state:  # it was taken back
        return
    for cls in (module.Lock, module.RLock, module.Semaphore, module.BoundedSemaphore):
        _state[0].method(cls, "__init__", _begin)
    lock = module.SemLock
    _state[0].method(lock, "__enter__", _enter)
    _state[0].method(lock, "__exit__", _exit)


def _begin(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    wrapped(*args, **kwargs)
    kind = type(instance).__name__
    acquire, release = instance.acquire, instance.release  # which the constructor has bound to the C semaphore's
    if MARK in instance.__dict__:  # BoundedSemaphore calls Semaphore
        return
    is_lock = kind in ("Lock", "RLock")
    told = _Told(detector.module, instance._semlock, kind, is_lock)
    setattr(instance, MARK, told)

    def tell_acquire(block: bool = True, timeout: float | None = None) -> bool:
        taken: bool = acquire(block, timeout)
        if taken:
            told.acquired()
        return taken

    def tell_release() -> None:
        told.releasing()
        release()

    instance.acquire, instance.release = tell_acquire, tell_release


def _enter(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    answer = wrapped(*args, **kwargs)
    if MARK in instance.__dict__:
        instance.__dict__[MARK].acquired()
    return answer


def _exit(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    if MARK in instance.__dict__:
        instance.__dict__[MARK].releasing()
    return wrapped(*args, **kwargs)


class _Told:
    """What is known of one: as a lock, told of at the outermost, or as a signal."""

    def __init__(self, module: Any, semaphore: Any, kind: str, is_lock: bool) -> None:
        self._semaphore = semaphore
        self._lock: Any = module.LockInfo(f"multiprocessing.{kind}") if is_lock else None
        self._sync = None if is_lock else module.Sync("semaphore")

    def acquired(self) -> None:
        if self._sync is not None:
            self._sync.acquire()
        elif self._semaphore._count() == 1:
            self._lock.acquired()

    def releasing(self) -> None:
        if self._sync is not None:
            self._sync.release()
        elif self._semaphore._is_mine() and self._semaphore._count() == 1:
            self._lock.released()
