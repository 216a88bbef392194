# SPDX-License-Identifier: MIT
"""Whoever watches what our locks, channels, atomics and parcels do: the audit."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TypeAlias

__all__ = ["Event", "watch"]


class Event(IntEnum):
    """What an object did, or is about to do, on the calling thread. As in csrc/watch.h."""

    MADE = 0
    TAKEN = 1
    READS = 2
    GIVES_BACK = 3
    READ = 4
    RELEASES = 5
    ACQUIRES = 6
    NOTIFIES = 7
    ADOPTS = 8


Watcher: TypeAlias = Callable[[object, int], object]

_watcher: Watcher | None = None


def watch(watcher: Watcher | None) -> None:
    """Call ``watcher(obj, event)`` whenever one of our objects synchronises, or None: no longer."""
    from owned import _core

    global _watcher
    _watcher = watcher
    _core.watch(watcher is not None)


def tell(obj: object, event: int) -> None:
    """Called by the C core."""
    watcher = _watcher
    if watcher is not None:
        watcher(obj, event)
