"""Canaries: each tool is given what it must refuse, so a rule that silently does nothing is seen."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from checkout import ROOT

CONFIG = ROOT / "pyproject.toml"


def _tool(*arguments: str) -> str:
    """What a tool of the extra `dev` prints; where only the extra `test` is installed there is nothing to try."""
    pytest.importorskip(arguments[0], reason="comes with the extra dev")
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
    ).stdout


REFUSED_BY_RUFF = [
    ("E501", f"x = '{'a' * 120}'\n"),
    ("W291", "x = 1 \n"),
    ("F401", "import os\n"),
    ("I001", "import sys\nimport os\n\nprint(os, sys)\n"),
    ("UP006", "import typing\n\nx: typing.List[int] = []\n"),
    ("B006", "def f(x=[]):\n    return x\n"),
    ("PIE790", "def f():\n    '''Doc.'''\n    pass\n"),
    ("SIM118", "d = {}\nprint('x' in d.keys())\n"),
    ("RUF022", "__all__ = ['b', 'a']\n"),
    ("T100", "breakpoint()\n"),
    ("D103", "def f():\n    return 1\n"),
    ("D417", "def f(x):\n    '''Do it.\n\n    Args:\n        y: No.\n    '''\n"),
]


def _write_canaries(folder: Path, refused: list[tuple[str, str]]) -> None:
    for number, (_, code) in enumerate(refused):
        (folder / f"canary_{number}.py").write_text(code)


def test_ruff_refuses(tmp_path: Path) -> None:
    """Every family of rules that is selected is at work."""
    _write_canaries(tmp_path, REFUSED_BY_RUFF)
    told = _tool("ruff", "check", "--config", str(CONFIG), "--no-cache", "--output-format=concise", str(tmp_path))
    for number, (rule, _) in enumerate(REFUSED_BY_RUFF):
        assert re.search(rf"canary_{number}\.py:\d+:\d+: {rule} ", told), rule


def test_ruff_families_have_canaries() -> None:
    """A family added to `select` gets a canary above."""
    select = tomllib.loads(CONFIG.read_text())["tool"]["ruff"]["lint"]["select"]
    assert [family for family in select if not any(rule.startswith(family) for rule, _ in REFUSED_BY_RUFF)] == []


REFUSED_BY_MYPY = [
    ("no-untyped-def", "def f(x):\n    return x\n"),
    ("type-arg", "x: list = []\n"),
    ("unused-ignore", "x = 1  # type: ignore[assignment]\n"),
    ("ignore-without-code", "x: int = ''  # type: ignore\n"),
    ("unreachable", "def f(x: int) -> None:\n    if not isinstance(x, int):\n        print()\n"),
    ("possibly-undefined", "import sys\n\nif sys.argv:\n    x = 1\nprint(x)\n"),
]


def test_mypy_refuses(tmp_path: Path) -> None:
    """Strict mode and each further check are on."""
    _write_canaries(tmp_path, REFUSED_BY_MYPY)
    told = _tool("mypy", "--config-file", str(CONFIG), "--cache-dir", str(tmp_path / "cache"), str(tmp_path))
    for number, (error, _) in enumerate(REFUSED_BY_MYPY):
        assert re.search(rf"canary_{number}\.py:\d+: .*\[{error}\]", told), error
