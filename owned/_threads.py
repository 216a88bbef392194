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
    _hear_of_its_end(thread)
    return thread.name


def _hear_of_its_end(thread: threading.Thread) -> None:
    """Remember which exception ends a thread: a lock that it still holds then can tell.

    No public hook sees every thread's exception: a ``threading.excepthook`` of ours would be lost to that of the
    program, or hide it. Where the attribute is not there, nothing is remembered.
    """
    from owned import _core

    tell = getattr(thread, "_invoke_excepthook", None)
    if tell is None:
        return

    def note_and_tell(thread: threading.Thread) -> None:
        error = sys.exc_info()[1]
        if error is not None:
            _core.thread_ends_by(describe_error(error))
            del error
        tell(thread)

    thread._invoke_excepthook = note_and_tell  # type: ignore[attr-defined]


def describe_error(error: BaseException) -> str:
    """An exception in a line: its type, what it says, and where it was raised."""
    try:
        said = str(error)
    except Exception:  # it is the program's code
        said = ""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    where = ""
    if traceback is not None:
        code = traceback.tb_frame.f_code
        where = f" at {code.co_filename}:{traceback.tb_lineno} in {code.co_qualname}"
    return f"{type(error).__name__}{': ' if said else ''}{said}{where}"


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
