# SPDX-License-Identifier: MIT
"""The harness of the benchmarks: what it compares with what, and what it makes of it. Nothing is timed here."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from checkout import ROOT


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.harness")


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.report")


def told(order: list[str], name: str, seconds: float) -> Callable[[int], float]:
    """A time that says when it is asked for."""

    def timed(loops: int) -> float:
        order.append(name)
        return seconds * loops

    return timed


def test_a_round_is_interleaved_and_rotates(harness: ModuleType) -> None:
    """All subjects of a row directly after one another, each time beginning with another one."""
    order: list[str] = []
    cases = [
        harness.Case(what, name, told(order, what + name, 0.5), "a") for name in ("a", "b", "c") for what in ("x", "y")
    ]
    harness.measure(cases, harness.Effort(1, 2, 0.1), process=0)
    assert order[len(cases) :] == ["xa", "xb", "xc", "ya", "yb", "yc", "xb", "xc", "xa", "yb", "yc", "ya"]


def test_values_are_of_one_time(harness: ModuleType) -> None:
    """Whatever the number of loops, and of times in a loop."""
    cases = [harness.Case("x", "a", told([], "a", 0.002), "a", per_loop=4)]
    (measured,) = harness.measure(cases, harness.Effort(1, 3, 0.1), process=0)
    assert measured["values"] == [0.0005] * 3
    assert measured["loops"] == 50


def test_a_row_has_as_many_rounds_as_its_slowest(harness: ModuleType) -> None:
    """Or its ratios would be those of different rounds."""
    cases = [
        harness.Case("x", "a", told([], "a", 1.0), "a"),
        harness.Case("x", "b", told([], "b", 1.0), "a", rounds=2),
        harness.Case("y", "a", told([], "a", 1.0), "a"),
    ]
    measured = harness.measure(cases, harness.Effort(1, 3, 0.1), process=0)
    assert [len(case["values"]) for case in measured] == [2, 2, 3]


@pytest.mark.parametrize(
    ("subjects", "peer", "said"), [(["a", "a"], "a", "stands there twice"), (["a", "b"], "c", "is not in its row")]
)
def test_wrong_rows_are_refused(harness: ModuleType, subjects: list[str], peer: str, said: str) -> None:
    """A ratio to nobody, or to one of two, would be told as if it were right."""
    cases = [harness.Case("x", subject, told([], "", 1.0), peer) for subject in subjects]
    with pytest.raises(ValueError, match=said):
        harness.rows(cases)


def test_an_error_names_the_case(harness: ModuleType) -> None:
    """There are hundreds."""

    def fails(loops: int) -> float:
        raise LookupError("gone")

    with pytest.raises(LookupError) as caught:
        harness.measure([harness.Case("x", "a", fails)], harness.Effort(1, 1, 0.1), process=0)
    assert caught.value.__notes__ == ["while measuring: x: a"]


def test_statement_repeats_it(harness: ModuleType) -> None:
    """As often as it says, for each loop, with what it needs as locals."""
    seen: list[int] = []
    timed = harness.statement("add(1)\nadd(2)", {"add": seen.append}, repeats=3)
    assert timed(2) >= 0
    assert seen == [1, 2] * 6


def test_each_question_is_one(harness: ModuleType) -> None:
    """With a title and a docstring, cases and peers: every file of that name."""
    files = sorted(path.stem.removeprefix("bench_") for path in (ROOT / "benchmarks").glob("bench_*.py"))
    assert harness.questions() == files
    for name in files:
        text = (ROOT / "benchmarks" / f"bench_{name}.py").read_text(encoding="utf-8")
        assert text.startswith('# SPDX-License-Identifier: MIT\n"""'), name
        assert "\ndef cases() -> list[Case]:" in text, name
        assert "\ndef missing() -> list[str]:" in text, name


def measured(report: ModuleType, subject: str, *rounds: tuple[float, ...], **more: Any) -> Any:
    known: dict[str, Any] = {"question": "q", "what": "x", "unit": "second", "missing": "nothing", "goals": {}}
    return report.Measured(subject=subject, rounds=rounds, **(known | {"peer": "a"} | more))


def test_ratios_are_those_of_a_round(report: ModuleType) -> None:
    """A machine that is slow for a while slows both: the ratio stays."""
    peer = measured(report, "a", (9.0, 1.0, 2.0), (1.0,))
    mine = measured(report, "b", (18.0, 4.0, 2.0), (3.0,))
    assert mine.ratio_to(peer) == report.Ratio(2.5, 1.0, 4.0)


@pytest.mark.parametrize(
    ("goals", "mark"),
    [({}, ""), ({"a": 2.0}, "✓"), ({"a": 1.9}, "✗"), ({"a": 2.0, "c": 0.9}, "✗"), ({"gone": 0.1}, "")],
)
def test_goals_are_judged(report: ModuleType, goals: dict[str, float], mark: str) -> None:
    """All that can be: a peer that is not installed is none."""
    row = {
        "a": measured(report, "a", (1.0,)),
        "b": measured(report, "b", (2.0,), goals=goals),
        "c": measured(report, "c", (2.0,)),
    }
    assert report.verdict(row["b"], row) == mark


def test_a_cell_tells_the_value_the_ratio_and_the_spread(report: ModuleType) -> None:
    """And where all rounds agree, there is no spread to tell."""
    row = {
        "a": measured(report, "a", (1e-9,) * 3),
        "b": measured(report, "b", (2.5e-9, 3e-9, 4e-9), goals={"a": 3.0}),
    }
    assert report.cell(row, "a") == "1.00 ns **1.00**"
    assert report.cell(row, "b") == "3.00 ns **3.00** (2.50 to 4.00) ✓"
    assert report.cell(row, "nobody") == ""


def test_instructions_are_told_by_interpreter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A table for each that has been counted, in the order of versions, with what else stands in a row behind it."""
    monkeypatch.syspath_prepend(str(ROOT))
    instructions = importlib.import_module("benchmarks.instructions")
    for version, rows in {
        "3.9": {"read": {"plain": 70, "owned": 1227}},
        "3.11": {"check": {"owned": 3, "other": 4}},
    }.items():
        (tmp_path / f"instructions-{version}.json").write_text(json.dumps(rows), encoding="utf-8")
    instructions.write(tmp_path, tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert page.startswith("# Instructions\n\nHow many instructions")
    assert page.index("## 3.9") < page.index("| read | 70 | 1,227 |  |") < page.index("## 3.11")
    assert page.endswith("| check |  | 3 | other 4 |\n")
