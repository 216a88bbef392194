# SPDX-License-Identifier: MIT
"""The programs of docs/examples: the racy versions are caught in every run, the right ones are silent and correct."""

from __future__ import annotations

import json
import re
from pathlib import Path

import attrs
import pytest

from commandline import run_checked, run_python

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@attrs.frozen
class Example:
    """An example: a load that takes a moment, what the right version prints, what the racy version does wrong."""

    folder: str
    load: tuple[str, ...]
    prints: str
    error: str
    type_name: str
    name: str
    function: str
    threads: str

    def __str__(self) -> str:
        return self.folder

    def script(self, version: str) -> str:
        return str(EXAMPLES / self.folder / f"{version}.py")

    def check_result(self, printed: str) -> None:
        """What the right version prints is right: nothing lost, nothing made."""
        found = re.fullmatch(self.prints, printed)
        assert found, printed
        for first, second in zip(found.groups()[::2], found.groups()[1::2], strict=True):
            assert first == second


EVERY = [
    Example(
        folder="http_service",
        load=("--clients", "8", "--requests", "40"),
        prints=r"320 right answers, 0 wrong, 0 failed, in .*\n\d+ from the cache, \d+ computed, slowest .* ms\n",
        error="WrongThreadError",
        type_name="Cache",
        name="get",
        function="Service.factors",
        threads="Thread-",
    ),
    Example(
        folder="crawler",
        load=("--pages", "300", "--fetchers", "6", "--indexers", "4"),
        prints=r"300 pages indexed, 0 failed, 18000 words, in .*\nbest for 'lock owner': /page/\d+, .*\n",
        error="WrongThreadError",
        type_name="Index",
        name="add",
        function="indexer",
        threads="indexer-",
    ),
    Example(
        folder="exchange",
        load=("--brokers", "8", "--transfers", "1000"),
        prints=r"\d+ transfers, \d+ refused, 0 failed, in .*\n"
        r"(\d+) cents in the morning, (\d+) in the evening; (\d+) of (\d+) audits agree\n",
        error="LockNotHeldError",
        type_name="Account",
        name="deposit",
        function="transfer",
        threads="broker-",
    ),
]

every_example = pytest.mark.parametrize("example", EVERY, ids=str)


@every_example
def test_right_is_silent(example: Example, tmp_path: Path) -> None:
    """Under load, the right version makes no violation and loses nothing."""
    outcome = run_checked(example.script("right"), *example.load, cwd=tmp_path)
    assert (outcome.returncode, outcome.stderr) == (0, "owned: no violations\n"), outcome.stdout
    example.check_result(outcome.stdout)


@every_example
def test_right_in_plain_python(example: Example, tmp_path: Path) -> None:
    """The right version is an ordinary program."""
    outcome = run_python(example.script("right"), *example.load, cwd=tmp_path)
    assert (outcome.returncode, outcome.stderr) == (0, ""), outcome.stdout
    example.check_result(outcome.stdout)


@every_example
def test_racy_is_caught_in_every_run(example: Example, tmp_path: Path) -> None:
    """The racy version is caught whatever the scheduler does: each run finds the same mistake at the same place."""
    report = tmp_path / "report.json"
    mistakes = set()
    for _ in range(2):
        outcome = run_checked("--json", str(report), example.script("racy"), *example.load, cwd=tmp_path)
        assert outcome.returncode == 1, outcome.stderr
        document = json.loads(report.read_text(encoding="utf-8"))
        assert document["total"] >= 1
        for entry in document["violations"]:
            mistakes.add((entry["error"], entry["type_name"], entry["name"], entry["function"]))
            assert all(thread.startswith(example.threads) for thread in entry["threads"])
            assert f"{entry['error']} at " in outcome.stderr
    assert mistakes == {(example.error, example.type_name, example.name, example.function)}


@every_example
def test_racy_with_little_to_do(example: Example, tmp_path: Path) -> None:
    """One worker and next to no load are enough: nobody has to collide."""
    little = {
        "http_service": ("--clients", "1", "--requests", "1"),
        "crawler": ("--pages", "1", "--fetchers", "1", "--indexers", "1"),
        "exchange": ("--brokers", "1", "--transfers", "1"),
    }[example.folder]
    outcome = run_checked(example.script("racy"), *little, cwd=tmp_path)
    assert outcome.returncode == 1
    assert "owned: 1 violation at 1 site\n" in outcome.stderr


@every_example
@pytest.mark.parametrize("version", ["right", "racy"])
def test_help(example: Example, version: str, tmp_path: Path) -> None:
    """Every example tells how to use it."""
    outcome = run_python(example.script(version), "--help", cwd=tmp_path)
    assert outcome.returncode == 0
    assert outcome.stdout.startswith("usage:")
