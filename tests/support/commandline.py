# SPDX-License-Identifier: MIT
"""Running programs as a user would, with plain python and with ``python -m owned run``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TIMEOUT = 60
OWNED = (sys.executable, "-m", "owned")

_SETTINGS = ("PYTHONSAFEPATH", "NO_COLOR", "FORCE_COLOR", "PYTHON_COLORS", "PYTHONWARNINGS", "PYTHONDEVMODE", "COLUMNS")


def environment(**changes: str) -> dict[str, str]:
    """The environment of a child, without what would change how it prints."""
    kept = {name: value for name, value in os.environ.items() if name not in _SETTINGS}
    return {**kept, "PYTHONIOENCODING": "utf-8", **changes}


def run_python(
    *arguments: str, cwd: Path, stdin: str | None = None, **changes: str
) -> subprocess.CompletedProcess[str]:
    """Run this interpreter to its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        env=environment(**changes),
    )


def run_checked(
    *arguments: str, cwd: Path, stdin: str | None = None, **changes: str
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m owned run`` to its end."""
    return run_python("-m", "owned", "run", *arguments, cwd=cwd, stdin=stdin, **changes)
