# SPDX-License-Identifier: MIT
"""What the audit finds in small programs: exactly what each of them says at its head.

There are racy programs, safe ones that look like them, and such whose race this run hides behind an accidental order of
locks. ``OWNED_AUDIT_RUNS=20`` runs each as often, instead of once.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
from typing import Any

import pytest

from forking import Done, forks

FOLDER = pathlib.Path(__file__).parent / "programs"
PROGRAMS = sorted(FOLDER.glob("*.py"))
RUNS = int(os.environ.get("OWNED_AUDIT_RUNS", "1"))
HEAD = re.compile(r"^# race: (?:(certain|possible) (\S.*)|none)$", re.MULTILINE)


def expected(program: pathlib.Path) -> set[tuple[str, str]]:
    found = HEAD.findall(program.read_text())
    assert found, f"{program.name} does not say what is wrong with it"
    return {(certainty, variable) for certainty, variable in found if certainty}


def audited(program: pathlib.Path, report: pathlib.Path) -> tuple[Done, dict[str, Any]]:
    done = forks().run("audit", "--json", str(report), str(program))
    assert report.exists(), done.out + done.err
    return done, json.loads(report.read_text())


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_program(program: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """A program's races are found, all of them, with the right certainty, in every run; and nothing else."""
    wanted = expected(program)
    plain = None
    if not wanted:
        plain = forks().run(str(program))
        assert plain.status == 0 and "Traceback" not in plain.err, plain.err
    for run in range(RUNS):
        done, document = audited(program, tmp_path / f"{run}.json")
        races = {(race["certainty"], race["variable"]) for race in document["races"]}
        assert races == wanted, f"run {run}:\n{done.out}{done.err}"
        assert done.status == any([certainty == "certain" for certainty, _ in wanted]), done.out + done.err
        if plain is not None:
            assert sorted(plain.out) == sorted(done.out)  # what threads print may stand in each other's lines


def test_there_are_enough() -> None:
    """Racy, safe and hidden programs: at least 66, none of the three kinds rare."""
    kinds = {kind: [one for one in PROGRAMS if one.stem.endswith(kind)] for kind in ("racy", "safe", "hidden")}
    assert sum(map(len, kinds.values())) == len(PROGRAMS) >= 66
    assert len(kinds["racy"]) >= 25
    assert len(kinds["safe"]) >= 25
    assert len(kinds["hidden"]) >= 8
    for kind, programs in kinds.items():
        for program in programs:
            certainties = {certainty for certainty, _ in expected(program)}
            assert certainties == {"racy": {"certain"}, "safe": set(), "hidden": {"possible"}}[kind], program.name
