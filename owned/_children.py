# SPDX-License-Identifier: MIT
"""The violations of a program's child processes: a file that they append to, and that ``run`` reads at the end.

Its name is in the environment, where children of every kind find it: forked ones, those of multiprocessing that start
anew, and Python programs that the program starts. A child tells on stderr what it sees, and appends a line for every
violation: ``[process, n, thread, facts]``, where facts is null from the second time on that it meets its n-th mistake.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

VARIABLE = "OWNED_RUN_CHILDREN"


class Ledger:
    """The file. Appending and reading never raise: a report that is lost must not fail the program."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None

    @classmethod
    def create(cls) -> Ledger | None:
        """Make the file and name it in the environment; None where no file can be made."""
        folder = next((os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)), "/tmp")
        path = os.path.join(os.path.abspath(folder), f"owned-run-{os.getpid()}-{time.time_ns()}")
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError:
            return None
        os.environ[VARIABLE] = path
        return cls(path)

    @classmethod
    def of_parent(cls) -> Ledger | None:
        """The file of the ``run`` that this process is a child of, or None."""
        path = os.environ.get(VARIABLE)
        return None if path is None or not os.path.exists(path) else cls(path)

    def append(self, number: int, thread: str, facts: dict[str, Any] | None) -> None:
        """Add a violation of this process's `number`-th mistake."""
        line = json.dumps([os.getpid(), number, thread, facts]) + "\n"
        with suppress(OSError):
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
            os.write(self._descriptor, line.encode())

    def entries(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Thread and facts of every violation so far."""
        mistakes: dict[tuple[int, int], dict[str, Any]] = {}
        with suppress(OSError), open(self._path, encoding="utf-8") as file:
            for line in file:
                with suppress(ValueError, KeyError):  # a child may have died in the middle of a line
                    process, number, thread, facts = json.loads(line)
                    if facts is not None:
                        mistakes[process, number] = facts
                    yield thread, mistakes[process, number]

    def size(self) -> int:
        """How much has been appended; it changes with every violation."""
        try:
            return os.stat(self._path).st_size
        except OSError:
            return 0

    def remove(self) -> None:
        """Remove the file. A child that is still there goes on telling on stderr."""
        os.environ.pop(VARIABLE, None)
        with suppress(OSError):
            os.unlink(self._path)
