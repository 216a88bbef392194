# SPDX-License-Identifier: MIT
"""``owned.audit()``: the audit of what is imported inside it."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import owned
from audited import RACE, SAFE
from commandline import TIMEOUT, environment

NAMES = iter(f"audited_bank_{number}" for number in range(1000))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module with a race, not imported yet."""
    name = next(NAMES)
    (tmp_path / f"{name}.py").write_text(RACE)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_finds_races_of_what_is_imported_inside(module: str) -> None:
    """What is imported inside is audited, and afterwards races and map are there."""
    with owned.audit() as found:
        __import__(module).race()
        assert [str(race.variable) for race in found.races] == [f"{module}.Account.balance"]
    assert found.failed
    [race] = found.races
    assert (race.certainty, race.count >= 1) == ("certain", True)
    assert {one.variable.name for one in found.exposures} >= {"balance"}
    assert "certain race on Account.balance" in str(found)


def test_what_was_imported_before_is_not_seen(module: str) -> None:
    """Code that runs as it is tells nothing."""
    bank = __import__(module)
    with owned.audit() as found:
        bank.race()
    assert (found.races, found.failed) == ((), False)


def test_nothing_is_left_behind(module: str) -> None:
    """Afterwards threading is as it was, and the module still works."""
    before = (threading.Lock, threading.Thread.start, threading.Thread.join, list(sys.meta_path))
    with owned.audit():
        bank = __import__(module)
    assert (threading.Lock, threading.Thread.start, threading.Thread.join, list(sys.meta_path)) == before
    bank.race()
    assert bank.account.balance in (1, 2)


def test_one_at_a_time(module: str) -> None:
    """A second audit inside is refused, one afterwards is not; none is used twice."""
    with owned.audit() as found:
        with pytest.raises(RuntimeError, match="an audit is on already in this process"):
            owned.audit().__enter__()
    with pytest.raises(RuntimeError, match="used already"):
        found.__enter__()
    with owned.audit() as again:
        __import__(module).race()
    assert len(again.races) == 1
    assert found.races == ()


def test_ends_when_an_exception_leaves_it(module: str) -> None:
    """What was found until then is there."""
    with pytest.raises(ZeroDivisionError), owned.audit() as found:
        __import__(module).race()
        raise ZeroDivisionError
    assert len(found.races) == 1
    with owned.audit():
        pass


def test_writes_reports(module: str, tmp_path: Path) -> None:
    """Page, JSON and SARIF."""
    with owned.audit() as found:
        __import__(module).race()
    found.write_html(tmp_path / "page.html")
    found.write_json(tmp_path / "report.json")
    found.write_sarif(tmp_path / "log.sarif")
    assert "1 certain race" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "report.json").read_text())["races"][0]["variable"] == "Account.balance"
    assert json.loads((tmp_path / "log.sarif").read_text())["version"] == "2.1.0"


def test_arguments_are_looked_at(tmp_path: Path) -> None:
    """A negative bound and what is no baseline are refused at once."""
    with pytest.raises(ValueError, match="`memory` must be a number of bytes"):
        owned.audit(memory=-1)
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(ValueError, match="is no baseline"):
        owned.audit(baseline=tmp_path / "x.json")
    with pytest.raises(FileNotFoundError):
        owned.audit(baseline=tmp_path / "y.json")


def test_before_it_starts() -> None:
    """There is nothing to tell yet."""
    audit = owned.audit()
    assert (audit.races, repr(audit)) == ((), "<Audit: not started, 0 races>")


def test_is_not_imported_with_owned() -> None:
    """``import owned`` imports nothing of it."""
    program = "import sys, owned; print([name for name in sys.modules if name.startswith('owned._audit')])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT, env=environment()
    )
    assert done.stdout == "[]\n", done.stderr


def test_safe_program_needs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a lock all the time: no race, and the map names the lock."""
    name = next(NAMES)
    (tmp_path / f"{name}.py").write_text(SAFE)
    monkeypatch.syspath_prepend(tmp_path)
    with owned.audit() as found:
        __import__(name).race()
    [balance] = [one for one in found.exposures if one.variable.name == "balance"]
    assert (found.races, balance.state) == ((), "under a lock")
    assert found.findings.lock_of(balance.locks[0]).name == "LOCK"
