# SPDX-License-Identifier: MIT
"""Racy programs fail under the plugin, every time, each for its own violation; and their right twins pass, every time.

The cases are in ``cases`` and ``at_exit``: a module for each mistake, with ``test_racy`` and ``test_right``. They run
under ``--owned=strict`` in processes of their own, ``OWNED_STRESS`` times each.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
STRESS = int(os.environ.get("OWNED_STRESS", "1"))
TIMES = min(STRESS, 10)  # in one process: pytest keeps each report, and a growing heap makes each next case slower
RUNS = pytest.mark.parametrize("number", range(-(-STRESS // TIMES)))
CASES = sorted((HERE / "cases").glob("*.py"))
AT_EXIT = sorted((HERE / "at_exit").glob("*.py"))
ROOT = HERE.parents[1]

Found = dict[str, list[dict[str, Any]]]


def run(folder: str, test: str, report: Path) -> tuple[subprocess.CompletedProcess[str], Found]:
    """Run one test of each case in a folder, and what was found of each case."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--owned=strict", "-q", "--tb=no", "-p", "no:cacheprovider"),
            *("-p", "no:xdist", "-p", "no:run-parallel", "-p", "no:hypothesispytest"),  # half of the start is theirs
            *("-o", f"python_functions={test}", "--times", str(TIMES), "--found", str(report), str(HERE / folder)),
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60 + 20 * TIMES,
        check=False,
    )
    found: Found = defaultdict(list)
    for line in report.read_text(encoding="utf-8").splitlines():
        facts = json.loads(line)
        found[facts["case"]].append(facts)
    return done, found


def complaint(facts: dict[str, Any]) -> str:
    """One line, and what pytest printed."""
    return f"{facts['when']} {facts['outcome']}: {facts['errors']}, expected {facts['expected']}\n{facts['text']}"


@RUNS
def test_racy_cases_fail(tmp_path, number):
    """Each racy case fails each time: for the violation it is about, in its own report, with no other kind."""
    done, found = run("cases", "test_racy", tmp_path / "found")
    assert sorted(found) == [case.stem for case in CASES], done.stdout
    for case, reports in found.items():
        caught = [facts for facts in reports if facts["errors"]]
        assert len(caught) == TIMES, (case, len(caught), *map(complaint, reports[:3]))
        wrong = [facts for facts in caught if facts["errors"] != [facts["expected"]] or not facts["attributed"]]
        assert not wrong, (case, complaint(wrong[0]))
        assert {facts["outcome"] for facts in caught} == {"failed"}, case
    assert "outside of any test" not in done.stdout
    assert done.returncode == pytest.ExitCode.TESTS_FAILED


@RUNS
def test_right_cases_pass(tmp_path, number):
    """Each right twin passes each time, and nothing is left over."""
    done, found = run("cases", "test_right", tmp_path / "found")
    outcomes = Counter((facts["when"], facts["outcome"]) for reports in found.values() for facts in reports)
    failures = [(case, complaint(facts)) for case in found for facts in found[case] if facts["outcome"] != "passed"]
    assert outcomes == {("call", "passed"): TIMES * len(CASES)}, failures[:3]
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr


@RUNS
def test_racy_at_exit(tmp_path, number):
    """What happens after the last test still decides the exit status, and is told on stderr."""
    done, found = run("at_exit", "test_racy", tmp_path / "found")
    assert {facts["outcome"] for reports in found.values() for facts in reports} == {"passed"}, "they fail later"
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    total = TIMES * len(AT_EXIT)
    assert f"owned: {total} violations at {len(AT_EXIT)} sites after the end of the session" in done.stderr
    for reports in found.values():
        assert f"owned: {reports[0]['expected']}: " in done.stderr


@RUNS
def test_right_at_exit(tmp_path, number):
    """Their twins end in peace."""
    done, found = run("at_exit", "test_right", tmp_path / "found")
    assert sorted(found) == [case.stem for case in AT_EXIT]
    assert (done.returncode, done.stderr) == (pytest.ExitCode.OK, "")


def test_there_are_enough():
    """Forty pairs at least."""
    assert len(CASES) + len(AT_EXIT) >= 40


@pytest.mark.parametrize("case", [*CASES, *AT_EXIT], ids=lambda case: case.stem)
def test_case_is_a_pair(case):
    """A module of its own for each mistake: what it is, what the plugin reports, a racy program, a right one."""
    tree = ast.parse(case.read_text(encoding="utf-8"))
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    assert [node.name for node in tests] == ["test_racy", "test_right"]
    assert ast.get_docstring(tree) and all(ast.get_docstring(node) for node in tests)
    names = [ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)]
    assert "ERROR" in names
