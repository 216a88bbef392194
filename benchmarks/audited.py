# SPDX-License-Identifier: MIT
"""The process of one program of ``benchmarks.programs`` that is audited, or not, for comparison.

``python -m benchmarks.audited <name> <mode>`` answers as ``benchmarks.programs`` does, and says at the end how many
bytes of memory it took at most. The modes: ``plain``; ``alone``, audited while no other thread has run; ``beside``,
audited while a second thread waits, so that everything is told of; ``pyvft``.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import resource
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from benchmarks import programs

PLAIN, ALONE, BESIDE, PYVFT = "plain", "alone", "beside", "pyvft"


@contextlib.contextmanager
def waiting_thread() -> Iterator[None]:
    """A second thread that does nothing but live."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _peak() -> int:
    """The most bytes of memory that this process had: on Linux without what its parent had when it forked."""
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"^VmHWM:\s*(\d+) kB$", status.read_text(), re.MULTILINE)):
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main(name: str, mode: str) -> None:
    """Be the process of one program in one mode."""
    out = os.dup(1)
    program = programs.BY_NAME[name]
    with contextlib.ExitStack() as stack:
        if mode in (ALONE, BESIDE):
            import owned

            stack.enter_context(owned.audit(include=(programs.MAIN, *program.packages)))
        if mode == BESIDE:
            stack.enter_context(waiting_thread())
        if mode == PYVFT:
            stack.enter_context(importlib.import_module("pyvft").context())
        programs.main(name, programs.AS_IT_IS)
    os.write(out, f"{_peak()}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
