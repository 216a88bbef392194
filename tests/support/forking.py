# SPDX-License-Identifier: MIT
"""A process that has imported what audits need, and forks for each program: starting Python is most of what one costs.

``python forking.py`` is that process. It is asked by lines of JSON on stdin, and answers with exit statuses.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any, Self

import attrs

TIMEOUT = 60


@attrs.frozen
class Done:
    """How a program ended, and what it wrote."""

    status: int
    out: str
    err: str


class Forks:
    """Runs programs, each in a process of its own."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate(timeout=TIMEOUT)

    def run(self, *command: str) -> Done:
        """What ``python -m owned ...`` does for a command, and ``python ...`` for a script."""
        out, err = self._folder / "out", self._folder / "err"
        assert self._server.stdin is not None and self._server.stdout is not None
        print(json.dumps([command, str(out), str(err)]), file=self._server.stdin, flush=True)
        status = json.loads(self._server.stdout.readline())
        return Done(status, out.read_text(), err.read_text())


def _become(command: list[str], out: str, err: str) -> None:
    for path, descriptor in ((os.devnull, 0), (out, 1), (err, 2)):
        flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(path, flags), descriptor)
    sys.path[0] = str(pathlib.Path(command[-1]).parent)
    if command[0] == "audit":
        from owned._cli import main

        main(command)
    else:
        import runpy

        sys.argv = command
        runpy.run_path(command[0], run_name="__main__")


def _serve() -> None:
    import asyncio  # noqa: F401
    import concurrent.futures.thread  # noqa: F401
    import gc
    import logging  # noqa: F401
    import queue  # noqa: F401

    from owned._audit import _command, _loader, _sync  # noqa: F401

    gc.freeze()
    for line in sys.stdin:
        request: Any = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(*request)
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve()
