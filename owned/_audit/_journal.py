# SPDX-License-Identifier: MIT
"""The journal: every race is written down when it is found, and a witness reads it when the process dies on the spot.

What ends a process on the spot (SIGKILL, a segmentation fault, `os.abort`) runs no code of ours. So a second process,
the witness, waits for the first to be gone. It waits for a lock on the journal's file: the kernel takes that from a
process that ends, however it ends, and children of a fork never have it. Where the journal has no last line then,
the witness writes the report from what is there.

Lines are JSON: ``["race", race, locks]`` with the detector's tuples, ``["child", failing]`` of a forked child that has
written its own report, ``["end"]``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from owned._audit import _gather
from owned._audit._findings import Findings, Thread
from owned._screen import is_file

CAN_WITNESS = hasattr(os, "fork") and sys.platform != "emscripten"
_DYING = 2.0
"""How long a process may take to end once it has let go of its files, in seconds."""
_FIRST = 3
"""The first file descriptor that is nobody's standard stream."""


class Journal:
    """The file, for the process that is audited. Writing to it never raises: that must not fail the program."""

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._file = os.fstat(descriptor)

    @classmethod
    def begin(cls, testify: Callable[[Findings], object]) -> Journal | None:
        """Make the file, and let a witness wait; None where either cannot be.

        Args:
            testify: what the witness does with what it finds when this process has died on the spot.

        Threads:
            To be called while there is one thread only.
        """
        if not CAN_WITNESS:
            return None
        import fcntl

        try:
            descriptor, path = tempfile.mkstemp(prefix=f"owned-audit-{os.getpid()}-")
        except OSError:
            return None
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
            _start_witness(descriptor, path, testify)
        except OSError:
            os.close(descriptor)
            os.unlink(path)
            return None
        return cls(path, descriptor)

    def race(self, told: Any) -> None:
        """Write down a race, on the thread that found it."""
        from owned._audit import _detector

        held = {abs(number) for access in (told[2], told[3]) for number in access[3]}
        self._append(["race", told, [use for use in _detector.locks() if use[0] in held] if held else []])

    def child(self, failing: int) -> None:
        """A forked child has written its own report."""
        self._append(["child", failing])

    def failing_children(self) -> int:
        """How many races of children make a run fail."""
        return sum(line[1] for line in _lines(self._path) if line[0] == "child")

    def end(self) -> None:
        """The report is written: the witness can go."""
        self._append(["end"])

    def _append(self, line: list[Any]) -> None:
        with suppress(OSError):
            if not is_file(self._descriptor, self._file):  # the program has closed all files that it does not know
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND)
            os.write(self._descriptor, (json.dumps(line) + "\n").encode())


def _lines(path: str) -> Iterator[list[Any]]:
    with suppress(OSError), open(path, encoding="utf-8") as file:
        for line in file:
            with suppress(ValueError):  # it died in the middle of a line
                yield json.loads(line)


def _start_witness(descriptor: int, path: str, testify: Callable[[Findings], object]) -> None:
    """Start the process that waits: as nobody's child, so that the program never waits for it."""
    audited = os.getpid()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        if os.fork() == 0:
            os.setsid()
            _wait_and_testify(audited, descriptor, path, testify)
    finally:
        os._exit(0)


def _wait_and_testify(audited: int, descriptor: int, path: str, testify: Callable[[Findings], object]) -> None:
    import fcntl

    _let_go(descriptor)
    fcntl.lockf(descriptor, fcntl.LOCK_EX)
    is_gone = _is_gone(audited)
    lines = list(_lines(path))
    with suppress(OSError):
        os.unlink(path)
    if is_gone and ["end"] not in lines:
        testify(_findings(lines))


def _let_go(descriptor: int) -> None:
    """Keep nothing open that others wait for, but the stream that the report goes to."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    kept = {descriptor, 2, *_copies_of_stderr()}
    most = os.sysconf("SC_OPEN_MAX")
    for number in range(_FIRST, min(most if most > 0 else 1024, 1024)):
        if number not in kept:
            with suppress(OSError):
                os.close(number)


def _copies_of_stderr() -> Iterator[int]:
    """The descriptors that are the same stream: a report's screen has one of its own."""
    with suppress(OSError):
        stderr = os.fstat(2)
        for number in range(_FIRST, 64):
            with suppress(OSError):
                if os.path.samestat(os.fstat(number), stderr):
                    yield number


def _is_gone(process: int) -> bool:
    """Whether a process that has let go of its files has ended, or does so now; or has but closed them all."""
    deadline = time.monotonic() + _DYING
    while _is_alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)  # nobody tells of the end of a process that is no child
    return True


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(process)


def _is_zombie(process: int) -> bool:
    """Whether it has ended, and its parent has not asked how yet; without /proc that is taken for granted."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] in ("Z", "X")
    except (OSError, IndexError):
        return not os.path.isdir("/proc/self")


def _findings(lines: list[list[Any]]) -> Findings:
    told = [line for line in lines if line[0] == "race"]
    locks = {use[0]: use for line in told for use in line[2]}
    threads: dict[int, Thread] = {}
    for line in told:
        for thread in _gather.threads_of(line[1]):
            threads[thread.number] = thread
    found = Findings(
        threads=tuple(sorted(threads.values(), key=lambda thread: thread.number)),
        locks=tuple(map(_gather.lock_of, locks.values())),
        complete=False,
    )
    return _gather.complete([_gather.race_of(line[1]) for line in told], found)
