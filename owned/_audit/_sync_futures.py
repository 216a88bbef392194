# SPDX-License-Identifier: MIT
"""`concurrent.futures`: pools, futures, and waiting for several of them.

==================================================  ==================================================================
who releases                                        who acquires
==================================================  ==================================================================
`submit()`                                          the task
`set_result`, `set_exception`, `cancel` that did    `result()` and `exception()` that came to an end, `done()` and
                                                    `cancelled()` that were true, what `wait` and `as_completed` give
`add_done_callback()`                               the callback, on whichever thread
the one that is done                                the callback of somebody who came later
==================================================  ==================================================================

Tasks that one worker runs one after the other are ordered by it: that is their thread's program order. `shutdown` joins
the workers, as `with` does; `map` asks each future for its result. An initializer runs on its worker, which `submit`
started.
"""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.thread
from collections.abc import Iterator
from concurrent.futures import _base
from typing import Any

from owned._audit._sync_base import MARK, Patches, detector, sync_of

__all__ = ["install"]

_DONE = (_base.CANCELLED, _base.CANCELLED_AND_NOTIFIED, _base.FINISHED)
_CALLBACKS = f"{MARK}_callbacks"


def install(patches: Patches) -> None:
    """Tell of futures and tasks, also of those that are there already."""
    future = _base.Future
    for name in ("set_result", "set_exception"):
        patches.method(future, name, _finish)
    patches.method(future, "cancel", _cancel)
    for name in ("result", "exception"):
        patches.method(future, name, _await)
    for name in ("done", "cancelled"):
        patches.method(future, name, _is_done)
    patches.method(future, "add_done_callback", _add_callback)
    patches.method(future, "_invoke_callbacks", _call_back)
    item = concurrent.futures.thread._WorkItem
    patches.method(item, "__init__", _submit)
    patches.method(item, "run", _begin)
    for name, wrapper in (("wait", _wait), ("as_completed", _as_completed)):
        original = patches.method(_base, name, wrapper)
        patches.everywhere(original, vars(_base)[name])


def _of(future: Any) -> Any:
    return sync_of(future, "future")


def _finish(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    _of(instance).release()
    wrapped(*args, **kwargs)


def _cancel(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> bool:
    _of(instance).release()
    answer: bool = wrapped(*args, **kwargs)
    return answer


def _await(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    try:
        return wrapped(*args, **kwargs)
    finally:
        if instance._state in _DONE:
            _of(instance).acquire()
        del wrapped, instance  # the exception's traceback has this frame, and the future has the exception


def _is_done(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> bool:
    answer: bool = wrapped(*args, **kwargs)
    if answer:
        _of(instance).acquire()
    return answer


def _callbacks_of(future: Any) -> Any:
    known = future.__dict__
    if _CALLBACKS not in known:
        known.setdefault(_CALLBACKS, detector.module.Sync("future"))
    return known[_CALLBACKS]


def _add_callback(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    _callbacks_of(instance).release()
    if instance._state in _DONE:  # then it is called now, here
        _of(instance).acquire()
    wrapped(*args, **kwargs)


def _call_back(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    if _CALLBACKS in instance.__dict__:
        instance.__dict__[_CALLBACKS].acquire()
    wrapped(*args, **kwargs)


def _submit(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    sync_of(instance, "submit").release()
    wrapped(*args, **kwargs)


def _begin(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    sync = instance.__dict__.get(MARK)
    if sync is not None:
        sync.acquire()
    wrapped(*args, **kwargs)


def _wait(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    answer = wrapped(*args, **kwargs)
    for future in answer.done:
        _of(future).acquire()
    return answer


def _as_completed(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Iterator[Any]:
    return _tell_each(wrapped(*args, **kwargs))


def _tell_each(futures: Any) -> Iterator[Any]:
    try:
        for future in futures:
            _of(future).acquire()
            yield future
            del future
    finally:
        futures.close()
