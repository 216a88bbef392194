# SPDX-License-Identifier: MIT
"""Threads: `threading.Thread` and all that inherits from it (`Timer`, pools' workers), and `_thread.start_new_thread`.

=========================================================  =========================================================
who releases                                               who acquires
=========================================================  =========================================================
`start()`                                                  the new thread, before anything else it does
the thread, after all that it does (`run`, `excepthook`)   `join()` that found it ended, `is_alive()` that was false
any thread, when it is no longer listed                    `enumerate()` and `active_count()`
the threads that the interpreter waits for at its end      `atexit` functions and finalizers, on the main thread
=========================================================  =========================================================

What the main thread does between `start()` and `join()` is ordered with nothing.

A thread that was there before cannot be told of from its beginning: whoever joins it has seen it vanish from the list.
`os.fork()` leaves its child only the thread that called it, as the detector is told by `_ending`.
"""

from __future__ import annotations

import _thread
import os
import threading
from typing import Any

from owned._audit._sync_base import MARK, Patches, detector

__all__ = ["install"]


class _State:
    """What is known of all threads."""

    def __init__(self) -> None:
        self.is_alive: Any = None
        self.gone: Any = None
        self.awaited: dict[int, Any] = {}  # what the interpreter waits for at its end, unless it was joined
        self.is_installed = False
        self.hears_of_forks = False


_state = _State()


def install(patches: Patches) -> None:
    """Tell of threads, also of the ends of those that run already."""
    thread = threading.Thread
    _state.gone = detector.module.Sync("thread that has gone")
    _state.awaited = {}
    patches.method(thread, "start", _start)
    patches.method(thread, "_bootstrap_inner", _run)
    patches.method(thread, "join", _join)
    patches.method(thread, "_delete", _vanish)
    _state.is_alive = patches.method(thread, "is_alive", _is_alive)
    patches.method(threading, "enumerate", _list)
    patches.method(threading, "active_count", _list)
    patches.method(threading, "_shutdown", _await_all)
    real_start = _thread.start_new_thread

    def start_new_thread(function: Any, args: Any, *kwargs: Any) -> int:
        """Start a new thread and return its identifier. (The real one is told of.)"""
        token = detector.module.fork()
        try:
            return real_start(_Body(function, token) if callable(function) else function, args, *kwargs)
        except BaseException:
            detector.module.joined(token)
            raise

    for original in {id(one): one for one in (_thread.start_new_thread, _thread.start_new)}.values():
        patches.everywhere(original, start_new_thread, but=[("threading", "_start_new_thread")])
    for other in threading.enumerate():
        if other is not threading.current_thread():
            detector.module.fork()  # somebody runs besides, and will never be known to have begun
    _state.is_installed = True
    patches.also(_forget)
    if not _state.hears_of_forks and hasattr(os, "register_at_fork"):  # for good: there is no way back
        os.register_at_fork(after_in_child=_after_fork_in_child)
        _state.hears_of_forks = True


def _forget() -> None:
    _state.is_installed = False


def _after_fork_in_child() -> None:
    if _state.is_installed:
        _state.awaited = {}


class _Body:
    """What a thread without a `Thread` runs."""

    def __init__(self, function: Any, token: Any) -> None:
        self._function = function
        self._token = token

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        token = self._token
        detector.module.begin(token, f"thread {_thread.get_ident()}")
        try:
            self._function(*args, **kwargs)
        finally:
            del self._function, self
            detector.module.end(token)


def _start(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    if not getattr(instance, "_initialized", False) or instance._started.is_set():
        return wrapped(*args, **kwargs)  # type: ignore[no-any-return]  # which refuses
    token = detector.module.fork()
    setattr(instance, MARK, token)
    if not instance.daemon:
        _state.awaited[id(token)] = token
    try:
        wrapped(*args, **kwargs)
    except BaseException:
        if not instance._started.is_set():  # else it runs, and the wait for it was interrupted
            _joined(token)
        raise


def _run(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    """All that the thread does: its `run`, and what becomes of an exception."""
    token = instance.__dict__.get(MARK)
    if token is None:
        wrapped(*args, **kwargs)
        return
    detector.module.begin(token, instance.name)
    try:
        wrapped(*args, **kwargs)
    finally:
        detector.module.end(token)


def _vanish(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    _state.gone.release()
    wrapped(*args, **kwargs)


def _joined(token: Any) -> None:
    _state.awaited.pop(id(token), None)
    detector.module.joined(token)


def see_the_gone() -> None:
    """The calling thread has seen that some thread has ended, and not by itself which."""
    _state.gone.acquire()


def _seen_ended(thread: Any) -> None:
    token = thread.__dict__.get(MARK)
    if token is None:  # it was there before
        see_the_gone()
    else:
        _joined(token)


def _join(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    wrapped(*args, **kwargs)
    if not _state.is_alive(instance):
        _seen_ended(instance)


def _is_alive(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> bool:
    answer: bool = wrapped(*args, **kwargs)
    if not answer and instance._started.is_set():
        _seen_ended(instance)
    return answer


def _list(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    answer = wrapped(*args, **kwargs)
    see_the_gone()
    return answer


def _await_all(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    wrapped(*args, **kwargs)
    for token in list(_state.awaited.values()):
        _joined(token)
