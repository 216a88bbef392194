# SPDX-License-Identifier: MIT
"""Stacks: a thread keeps where its frames were called from, and never tells another call's."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from detecting import detecting, detector

Call = tuple[str, int, str]
DEPTH = 12


def calls() -> list[Call]:
    """The calls that led here, without this one, as the interpreter has them."""
    found: list[Call] = []
    frame = sys._getframe(1)
    while frame is not None and len(found) < DEPTH:
        found.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname))
        frame = frame.f_back
    return found


class Told:
    """Locks that tell where they were made, and where that was."""

    def __init__(self) -> None:
        self.made: list[list[Call]] = []
        self.locks: list[Any] = []

    def __call__(self) -> None:
        for _ in range(2):  # the second time the frame is known
            self.locks.append((detector.LockInfo("Lock"), self.made.append(calls())))

    def check(self) -> None:
        """What was told is what was so."""
        told = [[(file, line, function) for file, line, _, _, _, function in use[3]] for use in detector.locks()]
        assert told == self.made
        assert len(told) > 1


def test_from_here_and_there() -> None:
    """A function that is called from several lines tells of each."""
    tell = Told()

    def inner() -> None:
        tell()

    def outer() -> None:
        inner()
        inner()
        for _ in range(3):
            (inner(), tell(), inner())

    with detecting():
        outer()
        inner()
        outer()
        tell.check()


def test_recursion() -> None:
    """Deeper than what is told: the innermost calls."""
    tell = Told()

    def down(levels: int) -> None:
        tell()
        if levels:
            down(levels - 1)
            tell()

    with detecting():
        down(20)
        tell.check()


def test_generators_are_resumed_from_elsewhere() -> None:
    """What a generator calls was led to by whoever resumed it."""
    tell = Told()

    def generator() -> Iterator[None]:
        while True:
            tell()
            yield

    def resume(steps: Iterator[None]) -> None:
        next(steps)

    def resume_otherwise(steps: Iterator[None]) -> None:
        [next(steps), resume(steps)]

    with detecting():
        steps = generator()
        for _ in range(3):
            next(steps)
            resume(steps)
            resume_otherwise(steps)
        tell.check()


def test_frames_whose_memory_is_used_again() -> None:
    """A call whose frame is where an earlier one's was, from another caller, is not taken for it."""
    tell = Told()

    def leaf() -> None:
        tell()

    def one() -> None:
        leaf()

    def two() -> None:
        leaf()

    with detecting():
        for _ in range(50):
            one()
            two()
        tell.check()


def test_threads_have_their_own() -> None:
    """Two threads in one function, at the same time."""
    told = [Told(), Told()]
    together = threading.Barrier(2, timeout=30)

    def work(tell: Callable[[], None]) -> None:
        for _ in range(20):
            together.wait()
            tell()

    with detecting():
        threads = [threading.Thread(target=work, args=(tell,)) for tell in told]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = [[(file, line, function) for file, line, _, _, _, function in use[3]] for use in detector.locks()]
    made = [calls for tell in told for calls in tell.made]
    assert len(found) == len(made) == 80
    assert sorted(found) == sorted(made)
