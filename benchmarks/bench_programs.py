# SPDX-License-Identifier: MIT
"""Whole programs: those of pyperformance that are written in Python with classes, every class of theirs guarded.

- Each runs in processes of its own, one for each mode, with the same seed for hashes. ``plain`` does not import owned.
  In the other modes a ``pyproject.toml`` names every class for ``own_class``: those of the program, or of the library
  that the program is about. The modes must give the same result as plain, or nothing is measured.
- What ``own_class`` refuses is left as it is: enums, protocols, metaclasses, exceptions and other subclasses of builtin
  types, classes that serve many threads. So are objects that a module makes of its own classes while it is imported.
- Sizes are smaller than pyperformance's, so that a loop takes milliseconds; start and import are not measured.
- The last row is the geometric mean of all programs, formed in each round.

Left out: programs without classes, those that measure C code or another process, and two that give another result when
they are guarded: ``sqlglot`` asks ``type(x) is list``, and ``yaml.dump`` fills a list after it has stored it in a node
(the row ``yaml`` loads only).
"""

from __future__ import annotations

import atexit
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from benchmarks.harness import HERE, Case, importable
from benchmarks.programs import PROGRAMS, Program, programs_folder

QUESTION = "Whole programs"
PLAIN = "plain"
GOALS = {"off": 1.0, "guard": 1.05, "checked": 1.25, "strict": 1.6}
ROUNDS = 6


class Child:
    """The process of one program in one mode."""

    module = "benchmarks.programs"
    """What it runs."""

    def __init__(self, program: Program, mode: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", self.module, program.name, mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env=self.environment(mode),
            text=True,
        )
        self.name = f"{program.name}, {mode}"
        self.last = math.nan
        """Seconds that a loop took when it was last asked."""

    @staticmethod
    def environment(mode: str) -> dict[str, str]:
        """Its environment variables."""
        known = {name: value for name, value in os.environ.items() if not name.startswith("OWNED_")}
        known |= {"PYTHONHASHSEED": "0", "PYTHONPATH": str(HERE.parent)}
        return known if mode == PLAIN else known | {"OWNED_MODE": mode}

    @property
    def pipes(self) -> tuple[IO[str], IO[str]]:
        """Into it, and out of it."""
        process = self.process
        assert process.stdin is not None and process.stdout is not None
        return process.stdin, process.stdout

    def answer(self) -> Any:
        """The next line that it says."""
        line = self.pipes[1].readline()
        if not line:
            raise RuntimeError(f"{self.name}: the process has ended with status {self.process.wait(60)}")
        return json.loads(line)

    def time(self, loops: int) -> float:
        """Seconds that so many loops take there."""
        print(loops, file=self.pipes[0], flush=True)
        taken: float = self.answer()
        self.last = taken / loops
        return taken

    def end(self) -> None:
        """Let it come to its end."""
        for pipe in self.pipes:
            pipe.close()
        self.process.wait(60)


def installed() -> list[Program]:
    folder = programs_folder()
    if folder is None:
        return []
    return [p for p in PROGRAMS if (folder / p.folder).is_dir() and all(importable(name) for name in p.needs)]


def missing() -> list[str]:
    if programs_folder() is None:
        return ["pyperformance"]
    here = installed()
    return [program.name for program in PROGRAMS if program not in here]


def start(program: Program, folder: Path) -> dict[str, Child]:
    """The program's processes, by mode, ready to run and sure to compute the same."""
    plain = Child(program, PLAIN, folder)
    atexit.register(plain.end)
    said = plain.answer()
    (folder / "pyproject.toml").write_text(f"[tool.owned]\nown = {json.dumps(said['classes'])}\n", encoding="utf-8")
    children = {PLAIN: plain}
    for mode in GOALS:
        children[mode] = child = Child(program, mode, folder)
        atexit.register(child.end)
    for mode in GOALS:
        own = children[mode].answer()
        if own["result"] != said["result"]:
            raise RuntimeError(f"{program.name} computes something else in mode {mode}")
        if own["guarded"] != (0 if mode == "off" else len(said["classes"])):
            raise RuntimeError(f"{program.name}: {own['guarded']} of {len(said['classes'])} classes guarded in {mode}")
    return children


def mean_of(children: Iterable[Child]) -> Any:
    """The geometric mean of what each took when it was last asked: in this round."""
    known = list(children)

    def time(loops: int) -> float:
        return loops * math.exp(sum(math.log(child.last) for child in known) / len(known))

    return time


def cases() -> list[Case]:
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    found, all_children = [], []
    for program in installed():
        own_folder = Path(folder.name, program.name)
        own_folder.mkdir()
        children = start(program, own_folder)
        all_children.append(children)
        found += [Case(program.name, mode, child.time, PLAIN, rounds=ROUNDS) for mode, child in children.items()]
    if all_children:
        what = f"geometric mean of {len(all_children)} programs"
        for mode in (PLAIN, *GOALS):
            time = mean_of(children[mode] for children in all_children)
            found.append(Case(what, mode, time, PLAIN, GOALS.get(mode), rounds=ROUNDS))
    return found
