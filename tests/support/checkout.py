"""The checkout the tests stand in: its files, and fresh interpreters that look at it or stay away from it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "owned"
CSRC = ROOT / "csrc"

_NOT_SOURCES = (".*", "build", "dist", "_build", "__pycache__", "*.egg-info", "*.so", "*.pyd")


def copy_sources(target: Path) -> Path:
    """Copy what version control holds, and nothing that a build has left behind."""
    return shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*_NOT_SOURCES))


def python(*arguments: str, cwd: Path, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter elsewhere, without the checkout on its path; on failure show what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONSAFEPATH": "1"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert not check or done.returncode == 0, done.stdout
    return done
