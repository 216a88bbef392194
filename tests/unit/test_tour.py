# SPDX-License-Identifier: MIT
"""``python -m owned tour``: five scenes, whose code is the code that runs."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from commandline import environment, run_python

SCENES = {
    "private": "WrongThreadError",
    "shared": "LockNotHeldError",
    "frozen": "FrozenError",
    "moved": "MovedError",
    "handover": None,
}


def source(scene: str) -> str:
    return (resources.files("owned._tour_scenes") / f"{scene}.py").read_text(encoding="utf-8")


def tour(tmp_path: Path, *scenes: str, **changes: str) -> str:
    outcome = run_python("-m", "owned", "tour", *scenes, cwd=tmp_path, **changes)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    return outcome.stdout


@pytest.mark.parametrize(("scene", "error"), SCENES.items(), ids=SCENES)
def test_scene(tmp_path: Path, scene: str, error: str | None) -> None:
    """A scene shows every line of its code, and its real error at the line that makes it."""
    shown = tour(tmp_path, scene)
    lines = re.findall(r"^  [ ▸] +(\d+) │ ?(.*)$", shown, flags=re.MULTILINE)
    assert [(number, text) for number, text in lines] == [
        (str(number), text) for number, text in enumerate(source(scene).splitlines(), 1) if text
    ]
    marked = re.findall(r"^  ▸ +(\d+)", shown, flags=re.MULTILINE)
    if error is None:
        assert marked == []
        assert "Error" not in shown
        assert "taken, then sent, then cooked" in shown
    else:
        assert f"  {error} on line {marked[0]}, in thread " in shown
        assert " tried to " in shown


@pytest.mark.parametrize(("scene", "error"), SCENES.items(), ids=SCENES)
def test_scene_is_a_program(tmp_path: Path, scene: str, error: str | None) -> None:
    """What is shown can be copied into a file, run, and gives the same."""
    (tmp_path / "copied.py").write_text(source(scene))
    outcome = run_python("copied.py", cwd=tmp_path)
    assert (f"owned.errors.{error}: " if error else "") in outcome.stderr
    assert bool(error) == bool(outcome.stderr)


def test_all_scenes(tmp_path: Path) -> None:
    """The tour has five scenes, one by one, in plain text."""
    shown = tour(tmp_path)
    assert re.findall(r"^── (\d/\d) ", shown, flags=re.MULTILINE) == ["1/5", "2/5", "3/5", "4/5", "5/5"]
    assert "\x1b[" not in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_ascii(tmp_path: Path) -> None:
    """A stdout that has no box-drawing characters gets ASCII."""
    assert tour(tmp_path, PYTHONIOENCODING="ascii").isascii()


def test_colour(tmp_path: Path) -> None:
    """Colour where it is asked for."""
    assert "\x1b[35mfrom\x1b[0m threading" in tour(tmp_path, "private", FORCE_COLOR="1")


def test_unknown_scene(tmp_path: Path) -> None:
    """A scene that is not there: an error that names those that are."""
    outcome = run_python("-m", "owned", "tour", "nonsense", cwd=tmp_path)
    assert outcome.returncode == 2
    assert "there is no scene 'nonsense'; there are private, shared, frozen, moved, handover" in outcome.stderr


WITHOUT_PAUSES = """
import sys, types
from owned import _cli, _tour
pauses = []
_tour.time = types.SimpleNamespace(sleep=pauses.append)
try:
    _cli.main(["tour"])
finally:
    with open("pauses", "w") as file:
        print(sum(pauses), file=file)
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX terminals")
def test_on_a_terminal(tmp_path: Path) -> None:
    """A terminal gets colours, and the end of the tour in less than ten seconds: its pauses, and what it computes."""
    import pty

    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", WITHOUT_PAUSES],
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(TERM="xterm"),
    )
    os.close(theirs)
    shown = b""
    with open(ours, "rb", buffering=0) as terminal, contextlib.suppress(OSError):  # Linux tells the end by an error
        while data := terminal.read(10_000):
            shown += data
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    assert 5 < float((tmp_path / "pauses").read_text()) + usage.ru_utime + usage.ru_stime < 10
    assert b"\x1b[" in shown
    assert shown.count("──".encode() + b" ") >= 5
