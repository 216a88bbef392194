# SPDX-License-Identifier: MIT
"""Races that are known: the baseline, and comments that allow."""

import json
import linecache
from pathlib import Path

import attrs
import pytest

from audits import BANK, Bank
from owned._audit import _allow, _baseline
from owned._audit._findings import Findings, Status


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)


def _commented(bank: Bank, text: str, comment: str, *, above: bool = False) -> Findings:
    """The findings, judged, of the program with a comment at the line with this text."""
    findings = bank.findings()
    lines = BANK.splitlines()
    at = next(number for number, line in enumerate(lines) if text in line)
    if above:  # in place of the line before, so that no line moves
        lines[at - 1] = f"    {comment}"
    else:
        lines[at] += f"  {comment}"
    bank.file.write_text("\n".join(lines) + "\n")
    linecache.clearcache()
    return _allow.judge(findings)


@pytest.mark.parametrize("above", [False, True])
def test_comment_allows(bank: Bank, above: bool) -> None:
    """A comment at the end of the line or alone above it allows the race there, and no other."""
    found = _commented(bank, "total += 1", "# owned: allow(a statistic (rough) is enough)", above=above)
    assert [race.status for race in found.races] == ["new", "allowed", "new", "new"]
    assert found.races[1].reason == "a statistic (rough) is enough"
    assert found.notes == ()


def test_comment_at_either_access(bank: Bank) -> None:
    """One of the two lines is enough: it allows every race of that line."""
    found = _commented(bank, "print(account.balance)", "# owned: allow(only shown)")
    assert [race.status for race in found.races] == ["new", "new", "new", "allowed"]


@pytest.mark.parametrize("comment", ["# owned: allow", "# owned: allow()", "# owned: allow( )"])
def test_comment_needs_a_reason(bank: Bank, comment: str) -> None:
    """Without a reason it is not honoured, and the report says so."""
    found = _commented(bank, "total += 1", comment)
    assert [race.status for race in found.races] == ["new"] * 4
    [note] = found.notes
    assert note.endswith("bank.py:29: `# owned: allow` needs a reason: `# owned: allow(why it is harmless)`")


def test_text_is_no_comment(tmp_path: Path) -> None:
    """What looks like a comment in a string allows nothing; a file that is no Python has no comments."""
    file = tmp_path / "x.py"
    file.write_text('a = "# owned: allow(no)"\nb = 1  # owned: allow(yes)\n')
    assert _allow.comments(str(file)) == {2: "yes"}
    (tmp_path / "y.txt").write_text("owned: '''")
    assert _allow.comments(str(tmp_path / "y.txt")) == {}
    assert _allow.comments(str(tmp_path / "missing.py")) == {}


def test_comment_within_a_statement_of_several_lines(bank: Bank) -> None:
    """Every line of the expression counts."""
    race = bank.races()[1]
    first = attrs.evolve(race.first.place, end_line=race.first.place.line + 1)
    long = attrs.evolve(race, first=attrs.evolve(race.first, stack=(first,)))
    lines = BANK.splitlines()
    lines[first.line] = "    pass  # owned: allow(the second line)"
    bank.file.write_text("\n".join(lines) + "\n")
    linecache.clearcache()
    [judged] = _allow.judge(Findings(races=(long,))).races
    assert judged.reason == "the second line"


# ---- the baseline ----------------------------------------------------------------------------------------------------


def test_baseline_knows_what_was_written(bank: Bank, tmp_path: Path) -> None:
    """What is written to a baseline is known from then on, and nothing else."""
    path, root = tmp_path / "ci" / "races.json", str(bank.folder)
    findings = bank.findings()
    assert _baseline.write(path, findings.races[:2], root) == 2
    judged = _baseline.judge(findings, _baseline.read(path), root)
    assert [race.status for race in judged.races] == ["known", "known", "new", "new"]
    assert not [race for race in judged.failing if race.key == findings.races[0].key]


def test_baseline_keeps_reasons(bank: Bank, tmp_path: Path) -> None:
    """A reason that somebody wrote into it is kept, and told; races that are gone go."""
    path, root = tmp_path / "races.json", str(bank.folder)
    races = bank.findings().races
    _baseline.write(path, races, root)
    document = json.loads(path.read_text())
    kept = races[1].fingerprint(root)
    for entry in document["races"]:
        entry["reason"] = "ticket 12" if entry["id"] == kept else ""
    path.write_text(json.dumps(document))
    assert _baseline.write(path, races[1:], root) == 3
    judged = _baseline.judge(bank.findings(), _baseline.read(path), root)
    assert (judged.races[1].status, judged.races[1].reason) == ("known", "ticket 12")


def test_baseline_can_be_read_by_people(bank: Bank, tmp_path: Path) -> None:
    """It names variable and lines of code, is sorted, and has no line numbers: it changes when the code does."""
    path, root = tmp_path / "races.json", str(bank.folder)
    _baseline.write(path, reversed(bank.findings().races), root)
    backward = path.read_text()
    _baseline.write(path, bank.findings().races, root)
    assert path.read_text() == backward
    assert "bank.py in count: total += 1" in backward
    assert str(tmp_path) not in backward


def test_allowed_races_are_not_written(bank: Bank, tmp_path: Path) -> None:
    """The comment is enough."""
    races = [attrs.evolve(race, status=Status.ALLOWED) for race in bank.findings().races]
    assert _baseline.write(tmp_path / "races.json", races, str(bank.folder)) == 0


def test_comment_comes_before_baseline(bank: Bank, tmp_path: Path) -> None:
    """A race that a comment allows stays allowed."""
    path, root = tmp_path / "races.json", str(bank.folder)
    findings = bank.findings()
    _baseline.write(path, findings.races, root)
    allowed = attrs.evolve(findings, races=(attrs.evolve(findings.races[0], status=Status.ALLOWED, reason="x"),))
    [race] = _baseline.judge(allowed, _baseline.read(path), root).races
    assert (race.status, race.reason) == ("allowed", "x")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is no baseline"),
        ("[]", "is no baseline of this version"),
        ('{"format": 2, "races": []}', "is no baseline of this version"),
        ('{"format": 1}', 'each of its "races" needs an "id"'),
        ('{"format": 1, "races": [{"variable": "x"}]}', 'each of its "races" needs an "id"'),
        ('{"format": 1, "races": [3]}', 'each of its "races" needs an "id"'),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    """A file of another sort is neither read nor overwritten."""
    path = tmp_path / "races.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        _baseline.read(path)
    with pytest.raises(ValueError, match=complaint):
        _baseline.write(path, (), str(tmp_path))
    assert path.read_text() == text
