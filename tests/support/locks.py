# SPDX-License-Identifier: MIT
"""Threads that hold locks, for the tests of locks."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import owned
from owned import _core

LIMIT = 30.0


def join(thread: threading.Thread) -> None:
    """Join a thread; one that hangs is a failure."""
    thread.join(LIMIT)
    assert not thread.is_alive(), f"{thread.name} hangs"


@contextlib.contextmanager
def held_elsewhere(lock: Any, name: str = "holder") -> Iterator[threading.Event]:
    """Another thread holds the lock while the block runs, or until the event it gives is set."""
    taken, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            taken.set()
            assert enough.wait(LIMIT)

    thread = threading.Thread(target=hold, name=name)
    thread.start()
    assert taken.wait(LIMIT)
    try:
        yield enough
    finally:
        enough.set()
        join(thread)


def in_line(rw: owned.RWLock, *, readers: int = 0, writers: int = 0) -> None:
    """Wait until so many threads stand in line for the sides of an RWLock."""
    deadline = time.monotonic() + LIMIT
    while _core.rwlock_waiting(rw) != (readers, writers):
        assert time.monotonic() < deadline, f"{_core.rwlock_waiting(rw)} wait"
        os.sched_yield() if hasattr(os, "sched_yield") else time.sleep(0)


def orphan(lock: Any, name: str = "the departed") -> None:
    """A thread takes the lock and ends without giving it back."""
    thread = threading.Thread(target=lock.acquire, name=name)
    thread.start()
    join(thread)


def until_waiting(waited_for: Any, count: int = 1) -> None:
    """Return when so many threads stand in the queue of a condition or semaphore, as its repr tells."""
    end = time.monotonic() + LIMIT
    while True:
        told = re.search(r", (\d+)\)>$|, (\d+) waiting:", repr(waited_for))
        if told is not None and int(told[1] or told[2]) == count:
            return
        assert time.monotonic() < end, f"{count} threads should wait: {waited_for!r}"
        time.sleep(0)


needs_signals = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers here")


class Interrupted(Exception):
    """What a signal handler raised."""


@contextlib.contextmanager
def alarm(handler: Any = None, after: float = 0.03) -> Iterator[None]:
    """While the block runs, a signal comes on the main thread; its handler raises Interrupted if none is given."""

    def interrupt(*_: Any) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, handler or interrupt)
    signal.setitimer(signal.ITIMER_REAL, after)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
