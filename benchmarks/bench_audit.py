# SPDX-License-Identifier: MIT
"""The programs of pyperformance that are written in Python with classes, audited.

- Each runs in processes of its own, one for each mode, with the same seed for hashes: as it is; audited while no other
  thread has run; audited while a second thread waits, from before the program is imported, so that every access is told
  of and checked. The modes must give the same result, or nothing is measured. Whole libraries that a program is about
  are audited with it.
- The peer, pyvft, rewrites the AST as well and checks in Python. It asks for 3.14 and works on 3.13t from an unpacked
  folder on ``PYTHONPATH``; its own rules say what it rewrites.
- Sizes are those of the question of whole programs. Start and import are not measured. The last row is the geometric
  mean, formed in each round.
- Memory is the most that a process ever had, with all that the interpreter and the program have anyway.
"""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.audited import ALONE, BESIDE, PLAIN, PYVFT
from benchmarks.bench_programs import Child, installed, mean_of
from benchmarks.harness import HERE, Case, importable
from benchmarks.programs import Program, programs_folder

QUESTION = "Audited programs"
SUBJECTS = {
    PLAIN: "plain",
    ALONE: "audited, alone",
    BESIDE: "audited, beside a thread",
    PYVFT: "pyvft",
}
GOALS = {ALONE: 2.0, BESIDE: 5.0}
OF_PEER = 0.1  # ten times faster
MEMORY_GOAL = 3.0
ROUNDS = 3
PROGRAMS = (
    *("richards", "deltablue", "raytrace", "chaos", "hexiom", "go", "float", "pyflate", "barnes_hut"),
    *("comprehensions", "deepcopy", "generators", "scimark_monte_carlo", "crypto_pyaes"),
)
"""Those with classes of their own that do most of the work; of whole libraries one, for the peer takes its time."""
REMEMBERED = ("richards", "deltablue", "raytrace", "hexiom", "float", "pyflate")
"""Those whose memory is measured."""
LOOPS_REMEMBERED = 5


class AuditedChild(Child):
    """The process of one program in one mode."""

    module = "benchmarks.audited"

    @staticmethod
    def environment(mode: str) -> dict[str, str]:
        """Nothing of owned is set, and whoever finds the peer still finds it."""
        known = {name: value for name, value in os.environ.items() if not name.startswith("OWNED_")}
        paths = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        return known | {"PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(paths)}

    def peak(self) -> int:
        """Let it come to its end, and tell the most bytes it had."""
        self.pipes[0].close()
        most: int = self.answer()
        self.process.wait(60)
        return most

    def end(self) -> None:
        """Let it come to its end."""
        self.peak()


def modes() -> list[str]:
    return [mode for mode in SUBJECTS if mode != PYVFT or importable(PYVFT) is not None]


def missing() -> list[str]:
    found = ["pyperformance"] if programs_folder() is None else []
    return found + ([] if importable(PYVFT) is not None else [PYVFT])


def start(program: Program, folder: Path) -> dict[str, AuditedChild]:
    """The program's processes, by mode, ready to run and sure to compute the same."""
    children = {}
    for mode in modes():
        children[mode] = child = AuditedChild(program, mode, folder)
        atexit.register(child.end)
    results = {mode: child.answer()["result"] for mode, child in children.items()}
    if wrong := [mode for mode, result in results.items() if result != results[PLAIN]]:
        raise RuntimeError(f"{program.name} computes something else: {', '.join(wrong)}")
    return children


def goals(mode: str) -> tuple[float | None, dict[str, float]]:
    """What its ratio to plain and to other subjects may be at most."""
    also = {SUBJECTS[PYVFT]: OF_PEER} if mode == BESIDE and PYVFT in modes() else {}
    return GOALS.get(mode), also


def memory_of(program: Program, mode: str, folder: Path) -> Callable[[int], float]:
    """The most bytes that a fresh process has while it runs some loops."""

    def measure(_: int) -> float:
        child = AuditedChild(program, mode, folder)
        child.answer()
        child.time(LOOPS_REMEMBERED)
        return float(child.peak())

    return measure


def cases() -> list[Case]:
    if programs_folder() is None:
        return []
    temporary = tempfile.TemporaryDirectory()
    atexit.register(temporary.cleanup)
    folder = Path(temporary.name)
    chosen = [program for program in installed() if program.name in PROGRAMS]
    found: list[Case] = []
    everything = []
    for program in chosen:
        children = start(program, folder)
        everything.append(children)
        found += [
            Case(program.name, SUBJECTS[mode], child.time, SUBJECTS[PLAIN], rounds=ROUNDS)
            for mode, child in children.items()
        ]
    what = f"geometric mean of {len(everything)} programs"
    for mode in modes():
        goal, also = goals(mode)
        time = mean_of(children[mode] for children in everything)
        found.append(Case(what, SUBJECTS[mode], time, SUBJECTS[PLAIN], goal, also=also, rounds=ROUNDS))
    for program in chosen:
        if program.name in REMEMBERED:
            found += [
                Case(
                    f"memory of {program.name}",
                    SUBJECTS[mode],
                    memory_of(program, mode, folder),
                    SUBJECTS[PLAIN],
                    MEMORY_GOAL if mode in GOALS else None,
                    unit="byte",
                    rounds=1,
                )
                for mode in modes()
                if mode != PYVFT
            ]
    return found
