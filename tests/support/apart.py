# SPDX-License-Identifier: MIT
"""Run the tasks of scenarios.py, each in a process of its own, without starting an interpreter for each."""

from __future__ import annotations

import atexit
import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

import scenarios

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="each task runs in a fork of one server")


class _Server:
    """A process that has imported everything and forks for each task."""

    def __init__(self) -> None:
        here = Path(scenarios.__file__).parent
        self.process = subprocess.Popen(
            [sys.executable, str(here / "scenarios.py")],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here), *filter(None, sys.path)])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, task: str, name: str) -> tuple[int, str]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{task} {name}\n")
        self.process.stdin.flush()
        said: list[str] = []
        for line in self.process.stdout:
            if line.startswith(scenarios.END):
                return int(line.removeprefix(scenarios.END)), "".join(said)
            said.append(line)
        raise AssertionError(f"the server of scenarios has ended: {''.join(said)}")

    def end(self) -> None:
        self.process.communicate(timeout=60)


@functools.cache
def _server() -> _Server:
    server = _Server()
    atexit.register(server.end)
    return server


def run_apart(task: str, name: str) -> tuple[int, str]:
    """Run ``"starve"`` or ``"count"`` of the scenario; the exit status, and all that was written."""
    return _server().run(task, name)
