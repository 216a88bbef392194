"""Without the C module there is nothing to check with, so the import fails."""

import shutil
from pathlib import Path

from checkout import PACKAGE, python


def _import_without_core(tmp_path: Path) -> str:
    shutil.copytree(PACKAGE, tmp_path / "owned", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    # -S: an editable install would find the missing module where it was built.
    program = "import sys; sys.path.insert(0, sys.argv[1]); import owned"
    done = python("-I", "-S", "-c", program, str(tmp_path), cwd=tmp_path, check=False)
    assert done.returncode == 1
    return done.stdout


def test_import_fails(tmp_path: Path) -> None:
    """The error is an ImportError, not a later surprise."""
    assert _import_without_core(tmp_path).splitlines()[-1].startswith("ImportError: ")


def test_message_says_why_and_what_to_do(tmp_path: Path) -> None:
    """The message names the missing module, says that nothing replaces it, and how to build it."""
    message = _import_without_core(tmp_path).splitlines()[-1]
    assert "owned._core" in message
    assert "pip install" in message
    assert "no pure-Python" in message
