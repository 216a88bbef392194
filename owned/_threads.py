# SPDX-License-Identifier: MIT
"""From a ``threading.Thread`` to what the core knows of it, for ``adopt(thread)``."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from owned._core import Region, ThreadInfo

_homes: weakref.WeakKeyDictionary[threading.Thread, Region] = weakref.WeakKeyDictionary()
_homes_lock = threading.RLock()  # the collector may run a finalizer that comes here again
if hasattr(os, "register_at_fork"):  # the child must not find it held by a thread it does not have
    os.register_at_fork(
        before=_homes_lock.acquire, after_in_parent=_homes_lock.release, after_in_child=_homes_lock.release
    )


def describe_thread(home: Region) -> str:
    """Remember the calling thread's home region, return the thread's name. Called once per thread, by the C core."""
    thread = threading.current_thread()
    with _homes_lock:
        _homes[thread] = home
    return thread.name


def info_of_thread(thread: threading.Thread) -> ThreadInfo | None:
    """What the core knows of a thread; None if it never touched a guarded object."""
    from owned import _core

    with _homes_lock:
        home = _homes.get(thread)
    return None if home is None else _core.thread_of(home)
