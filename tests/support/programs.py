# SPDX-License-Identifier: MIT
"""Programs of their own: what must not crash, or ends with the interpreter, runs in another process."""

from __future__ import annotations

import subprocess
import sys
import textwrap


def run_program(source: str, *args: str, timeout: float = 120) -> str:
    """Run Python source in a new interpreter; its output. A crash, an error or a word on stderr is a failure."""
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore::DeprecationWarning",
            "-X",
            "faulthandler",
            "-c",
            textwrap.dedent(source),
            *args,
        ],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert not done.stderr, done.stderr
    return done.stdout
