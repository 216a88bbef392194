# SPDX-License-Identifier: MIT
"""The threads that tests start: whose they are, and how long to wait for them."""

from __future__ import annotations

import inspect
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import thread as pools
from types import CodeType, FrameType
from typing import Any

import wrapt

_TICK = 0.005
_LOOKS = 8
"""How often nothing may have moved before threads that wait for work count as idle.

Looks and not seconds: on a busy machine both we and a thread that has just been given work get our turn later.
"""


class Starts:
    """Watches ``threading.Thread.start`` while it is on.

    Args:
        starting: called on the starting thread before a thread starts; what it returns is remembered for the thread.
        started: called on the starting thread when the new one is there.
    """

    def __init__(self, starting: Callable[[], Any], started: Callable[[threading.Thread], object]) -> None:
        self._starting = starting
        self._started = started
        self._label = f"_owned_started_by_{id(self):x}"  # sessions may be nested
        self._original = threading.Thread.start
        self._ours = wrapt.FunctionWrapper(self._original, self._start)
        self._is_on = True
        threading.Thread.start = self._ours  # type: ignore[method-assign]

    def _start(self, wrapped: Callable[..., None], thread: threading.Thread, args: Any, kwargs: Any) -> None:
        if self._is_on:
            vars(thread)[self._label] = self._starting()
        wrapped(*args, **kwargs)
        if self._is_on:
            self._started(thread)

    def who_started(self, thread: threading.Thread) -> Any:
        """What was remembered when the thread was started."""
        return vars(thread).get(self._label)

    def stop(self) -> None:
        """Watch no more. Where somebody else has wrapped the method meanwhile, ours stays and does nothing."""
        self._is_on = False
        if vars(threading.Thread)["start"] is self._ours:
            threading.Thread.start = self._original  # type: ignore[method-assign]


def wait_for(alive: Callable[[], list[threading.Thread]], seconds: float) -> float:
    """Wait until threads have ended, or all that are left wait for work that nobody gives them.

    Args:
        alive: Gives those of the threads that still run; the calling one is left out.
        seconds: How long at most, for all together.

    Returns:
        How much of the time is left.

    Threads:
        Any.
    """
    me = threading.current_thread()
    deadline = time.monotonic() + seconds
    places: list[object] | None = None
    unchanged = 0
    while threads := [thread for thread in alive() if thread is not me]:
        now = time.monotonic()
        if now >= deadline:
            return 0.0
        before, places = places, _idle_places(threads)
        unchanged = unchanged + 1 if places is not None and _same(places, before) else 0
        if unchanged == _LOOKS:
            break
        threads[0].join(min(_TICK, deadline - now))
    return max(deadline - time.monotonic(), 0.0)


def _same(places: list[object], before: list[object] | None) -> bool:
    """Whether every thread is in the very frame that it was in, at the same instruction."""
    return before is not None and len(places) == len(before) and all(map(_equal, places, before))


def _equal(one: object, other: object) -> bool:
    return one is other or one == other


def _idle_places(threads: list[threading.Thread]) -> list[object] | None:
    """Where threads wait without end for somebody to give them work; None if one of them does anything else."""
    frames = sys._current_frames()
    places: list[object] = []
    for thread in threads:
        frame = frames.get(thread.ident or 0)
        if frame is None or not _is_idle(frame):
            return None
        places += [frame, frame.f_lasti]
    return places


def _is_idle(frame: FrameType) -> bool:
    return frame.f_lineno in _idle_lines().get(frame.f_code, ())


_known_lines: dict[CodeType, frozenset[int]] = {}


def _idle_lines() -> dict[CodeType, frozenset[int]]:
    """The lines of the standard library on which a thread waits without a timeout.

    ``Condition.wait`` is where ``Event.wait``, ``Semaphore.acquire``, ``Queue.get`` and ``put`` and many others end up.
    The frame's variables would tell the timeout, but without the GIL nobody may look at them while the thread runs.
    """
    if not _known_lines:
        for function, line in (
            (threading.Condition.wait, "waiter.acquire()"),
            (pools._worker, "work_queue.get(block=True)"),
        ):
            _known_lines[function.__code__] = _lines_with(function.__code__, line)
    return _known_lines


def _lines_with(code: CodeType, text: str) -> frozenset[int]:
    try:
        lines, first = inspect.getsourcelines(code)
    except OSError:  # no source here: such threads are waited for until the time is up
        return frozenset()
    return frozenset(number for number, line in enumerate(lines, first) if text in line)
