# SPDX-License-Identifier: MIT
"""From a ``threading.Thread`` to what the core knows of it, for ``adopt(thread)``, and back, for messages."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING

from owned._records import STRICT, Site, stack_of

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


def stack_now(info: ThreadInfo | None) -> tuple[Site, ...]:
    """Where another thread is now, innermost first.

    Empty unless the mode is strict, for a thread that has ended, and where threads run without the GIL: there, walking
    the frames of a thread that goes on running is not safe.
    """
    from owned import _core

    if info is None or info.finished or _core.get_mode() != STRICT:
        return ()
    has_gil = getattr(sys, "_is_gil_enabled", None)  # interpreters before 3.13 always do
    if has_gil is not None and not has_gil():
        return ()
    with _homes_lock:
        threads = [thread for thread, home in _homes.items() if _core.thread_of(home) is info]
    ident = threads[0].ident if threads else None
    return () if ident is None else stack_of(sys._current_frames().get(ident))
