# SPDX-License-Identifier: MIT
"""asyncio's bridges between threads.

`call_soon_threadsafe` releases, the callback acquires. All others are made of this and of `concurrent.futures`, whose
patches see them: `run_coroutine_threadsafe` (its future's result is set on the loop's thread), `run_in_executor` and
`to_thread` (a task of a pool, whose future calls back into the loop). What happens on one loop happens on one thread.

Loops that are not asyncio's own are told of if they inherit from its base.
"""

from __future__ import annotations

import asyncio.base_events
from typing import Any

import wrapt

from owned._audit._sync_base import Patches, detector

__all__ = ["install"]


def install(patches: Patches) -> None:
    """Tell of callbacks that another thread gives to a loop."""
    patches.method(asyncio.base_events.BaseEventLoop, "call_soon_threadsafe", _hand_over)


def _hand_over(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    callback = kwargs.get("callback", args[0] if args else None)
    if not callable(callback):
        return wrapped(*args, **kwargs)  # which refuses
    sync = detector.module.Sync("call_soon_threadsafe")
    sync.release()

    def run(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        sync.acquire()
        return wrapped(*args, **kwargs)

    told = wrapt.FunctionWrapper(callback, run)
    if "callback" in kwargs:
        return wrapped(*args, **{**kwargs, "callback": told})
    return wrapped(told, *args[1:], **kwargs)
