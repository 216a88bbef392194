# SPDX-License-Identifier: MIT
"""A process that has imported what audits need, and forks for each program: starting Python is most of what one costs.

``python forking.py`` is that process. It is asked by lines of JSON on stdin, and answers with exit statuses.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from typing import Any

import attrs

from commandline import environment

TIMEOUT = 60


@attrs.frozen
class Done:
    """How a program ended, and what it wrote."""

    status: int
    out: str
    err: str


class Forks:
    """Runs programs, each in a process of its own."""

    def __init__(self) -> None:
        self._written = tempfile.TemporaryDirectory(prefix="owned-forks-")
        self._server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
        )

    def run(self, *command: str, folder: pathlib.Path | None = None) -> Done:
        """What ``python -m owned ...`` does for a command, and ``python ...`` for a script, started in the folder."""
        out, err = (pathlib.Path(self._written.name, name) for name in ("out", "err"))
        assert self._server.stdin is not None and self._server.stdout is not None
        request = [command, str(folder or pathlib.Path.cwd()), str(out), str(err)]
        print(json.dumps(request), file=self._server.stdin, flush=True)
        status = json.loads(self._server.stdout.readline())
        return Done(status, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))

    def end(self) -> None:
        """No more programs."""
        self._server.communicate(timeout=TIMEOUT)
        self._written.cleanup()


@functools.cache
def forks() -> Forks:
    """The one of this process."""
    server = Forks()
    atexit.register(server.end)
    return server


def _become(command: list[str], folder: str, out: str, err: str) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which is ignored where pytest runs in the background
    os.chdir(folder)
    for path, descriptor in ((os.devnull, 0), (out, 1), (err, 2)):
        flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        file = os.open(path, flags)
        os.dup2(file, descriptor)
        os.close(file)
    if command[0] == "audit":
        from owned._cli import main

        sys.path[0] = folder
        main(command)
    else:
        import runpy

        sys.path[0] = str(pathlib.Path(command[0]).parent)
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
        signal.signal(signal.SIGALRM, lambda *_, hanging=child: os.kill(hanging, signal.SIGKILL))
        signal.alarm(TIMEOUT)
        _, status = os.waitpid(child, 0)
        signal.alarm(0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve()
