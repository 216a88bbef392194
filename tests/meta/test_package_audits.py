# SPDX-License-Identifier: MIT
"""The audits of other packages: their page is what was found, and all of it was judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.packages import page
from benchmarks.packages.subjects import PATCHES, SUBJECTS

KNOWN = page.results()


def test_page() -> None:
    """docs/package-audits.md is what is made of the results that are kept."""
    assert page.PAGE.read_text(encoding="utf-8") == page.written(KNOWN)


@pytest.mark.parametrize("interpreter", ["3.11", "3.13t"])
@pytest.mark.parametrize("name", SUBJECTS)
def test_results(interpreter: str, name: str) -> None:
    """Each package was audited in this version, with the GIL and without it, and again with its patches."""
    runs = KNOWN[interpreter]["packages"][name]
    assert runs["version"] == SUBJECTS[name].version
    assert runs["audited"]["tests"]["both"] >= 0.95 * runs["audited"]["tests"]["plain"] > 0
    assert ("fixed" in runs) == bool(SUBJECTS[name].patches)


def test_verdicts() -> None:
    """Every race has a verdict, and none that is true is left by its patch."""
    assert page.complaints(KNOWN) == []


def test_patches() -> None:
    """Each true verdict names a patch, and each patch is of a true verdict; a program shows what it mends."""
    named = {
        (verdict.verdict, verdict.patch) for verdict in page.verdicts() if verdict.patch or verdict.verdict == "true"
    }
    assert named == {("true", patch.name) for patch in PATCHES.glob("*.patch")}
    assert {patch.name for subject in SUBJECTS.values() for patch in subject.patches} == {name for _, name in named}
    assert {path.stem for path in PATCHES.glob("*.py")} == {path.stem for path in PATCHES.glob("*.patch")}


def test_a_race_without_a_verdict() -> None:
    """What nobody has judged is complained of, and shown as such."""
    race = {
        "certainty": "certain",
        "variable": "Thing.new",
        "accesses": [{"file": "huey/x.py", "line": 1, "function": "f", "verb": "wrote", "locked": False}] * 2,
        "tests": [],
    }
    run = {"wall": 1.0, "cpu": 1.0, "exposed": {"private": 1}, "forgotten": 0, "races": [race]}
    audited = run | {"tests": {"plain": 1, "both": 1, "lost": [], "won": []}}
    runs = {"plain": {"wall": 1.0, "cpu": 1.0}, "audited": audited, "fixed": audited, "version": "3.5.4"}
    known = {"3.11": {"python": "3.11 with the GIL", "packages": {"huey": runs}}}
    assert page.complaints(known) == [
        f"huey on 3.11, {mode}: Thing.new at huey/x.py:1 has no verdict" for mode in ("audited", "fixed")
    ]
    assert "| `Thing.new` | huey/x.py:1 | 3.11 | not judged | |" in page.written(known)


def test_no_such_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict is true, harmless or false."""
    (tmp_path / "verdicts.toml").write_text(
        '[[verdict]]\npackage = "huey"\nvariables = ["x"]\nverdict = "maybe"\nwhy = ""\n', encoding="utf-8"
    )
    monkeypatch.setattr(page, "HERE", tmp_path)
    with pytest.raises(ValueError, match="maybe"):
        page.verdicts()
