# SPDX-License-Identifier: MIT
"""Our own locks, conditions, semaphores, channels, atomics, `Once` and `Lazy`, and parcels.

Their types cannot be patched, and the core takes locks by itself (`@synchronized`, `locked(obj)`, a condition's wait):
so the core tells of them, see `owned._watch`. Locks are locks (an `RWLock` to read or to write), with `notify` as a
signal like that of `threading`'s; whoever puts, gives a permit, stores, has computed or moves releases, whoever gets,
takes, loads or claims acquires from all who did before. What `adopt` takes over comes after the end of its thread.
"""

from __future__ import annotations

import weakref
from typing import Any

from owned import _core
from owned._audit import _sync_threads
from owned._audit._sync_base import Patches, detector
from owned._watch import Event, watch

__all__ = ["install"]

_LOCKS = (_core.Lock, _core.RLock, _core.RWLock)


class _Told:
    """What is known of one object of ours, as long as it lives."""

    __slots__ = ("is_notified", "lock", "reference", "sync")

    def __init__(self, obj: Any, known: dict[int, _Told]) -> None:
        address = id(obj)
        self.lock: Any = detector.module.LockInfo(f"owned.{type(obj).__name__}") if isinstance(obj, _LOCKS) else None
        self.sync: Any = None
        self.is_notified = False
        self.reference = weakref.ref(obj, lambda _: known.pop(address, None))

    def signal(self, kind: str) -> Any:
        """What its releases and acquires go through."""
        if self.sync is None:
            self.sync = detector.module.Sync(kind)
        return self.sync


def install(patches: Patches) -> None:
    """Tell of them."""
    known: dict[int, _Told] = {}

    def tell(obj: object, event: int) -> None:
        if event == Event.ADOPTS:
            _sync_threads.see_the_gone()
            return
        told = known.get(id(obj))
        if told is None:
            told = known.setdefault(id(obj), _Told(obj, known))
        if told.lock is None:
            _tell_of_signal(told, type(obj).__name__, event)
        else:
            _tell_of_lock(told, event)

    watch(tell)
    patches.also(lambda: watch(None))


def _tell_of_signal(told: _Told, kind: str, event: int) -> None:
    signal = told.signal(f"owned.{kind}")
    if event == Event.RELEASES:
        signal.release()
    else:
        signal.acquire()


def _tell_of_lock(told: _Told, event: int) -> None:
    if event in (Event.TAKEN, Event.READS):
        told.lock.acquired(event == Event.READS)
        if told.sync is not None:
            told.sync.acquire()
    elif event in (Event.GIVES_BACK, Event.READ):
        if told.is_notified:
            told.is_notified = False
            told.signal("condition").release()
        told.lock.released(event == Event.READ)
    elif event == Event.NOTIFIES:
        told.is_notified = True
