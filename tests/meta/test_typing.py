"""Type checkers see the package as it is: the examples hold. That the stub fits the C module is a stage of .ci/run."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import ROOT

EXAMPLES = sorted((ROOT / "tests" / "typing").glob("*.py"))


def _mypy(*arguments: str) -> None:
    pytest.importorskip("mypy", reason="comes with the extra dev")
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_examples_hold() -> None:
    """Every assert_type in the examples holds, and every misuse is seen."""
    _mypy("mypy", *map(str, EXAMPLES))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples_run(example: Path) -> None:
    """What type checkers accept runs, too."""
    runpy.run_path(str(example))
