# SPDX-License-Identifier: MIT
"""What an audit tells: on the terminal, as JSON, as SARIF."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import attrs
import pytest

from audits import Bank, line_of
from owned._audit import _exposure, _json, _sarif, _terminal
from owned._audit._findings import Exposure, Findings, Status
from owned._screen import Screen

PLAIN = Screen(lambda text: None, False, False, 100, True)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)


def _tell(bank: Bank, findings: Findings | None = None, **options: bool) -> str:
    return _terminal.tell(bank.report(findings), PLAIN, **options)


def test_race_in_full(bank: Bank) -> None:
    """Both accesses with line, thread and locks, the object, why, and the way out."""
    deposit, safe = line_of("self.balance += amount"), line_of("with lock:") + 1
    assert _tell(bank).startswith(
        f"""\
owned: certain race on Account.balance
  first     bank.py:{safe} in Account.safe_deposit: thread 'teller-2' read and wrote it, under lock (bank.py:5)
  >    {safe} │             self.balance += amount
            called from bank.py:39 in work
  then      bank.py:{deposit} in Account.deposit: thread 'teller-1' read and wrote it, no lock held
  >    {deposit} │         self.balance += amount
            called from bank.py:39 in work
  object    made at bank.py:46 in main, by thread 'MainThread'
  why       nothing orders the two: no common lock, no start or join, no queue or event lies between them
  seen      2,000 times
  way out   Take `lock` (made at bank.py:5) at bank.py:15 as well, as thread 'teller-2' did. With """
    )


def test_one_line_twice_is_shown_once(bank: Bank) -> None:
    """Where both accesses are one line of code, the line is there once."""
    assert _tell(bank).count("total += 1") == 1


def test_summary(bank: Bank) -> None:
    """The counts, a line for each race, the sums of the map, and what could be left out."""
    summary = _tell(bank).rpartition("owned: ")[2]
    assert summary == (
        "3 certain races, 1 possible race\n"
        "  certain   bank.py:19 and bank.py:15  Account.balance\n"
        "  certain   bank.py:29                 bank.total\n"
        "  certain   bank.py:34 and bank.py:33  dict['night']\n"
        "  possible  bank.py:15 and bank.py:50  Account.balance\n"
        "  exposed   7 variables: 3 unprotected, 1 under a lock, 1 handed over, 1 read-shared, 1 private\n"
        "  freeze    could be frozen: bank.Rate\n"
        "  locks     protected nothing that two threads touched: audit_lock (bank.py:6)\n"
    )


def test_nothing_found(bank: Bank) -> None:
    """Without races it says so, and that nothing was seen at all if that is so."""
    assert _tell(bank, Findings()) == (
        "owned: no races\n  exposed   nothing: only one thread ran at a time, or no audited code ran on two\n"
    )
    assert _tell(bank, Findings(), quiet=True) == ""


def test_known_and_allowed_are_told_briefly(bank: Bank) -> None:
    """What is known or allowed has a line with its reason, and no story."""
    found = bank.findings()
    races = (
        attrs.evolve(found.races[0], status=Status.KNOWN, reason="ticket 12"),
        attrs.evolve(found.races[1], status=Status.ALLOWED, reason="a statistic"),
    )
    text = _tell(bank, attrs.evolve(found, races=races))
    assert text.startswith("owned: no new races, 1 known from the baseline, 1 allowed by a comment\n")
    assert "  known     bank.py:19 and bank.py:15  Account.balance: ticket 12\n" in text
    assert "  allowed   bank.py:29                 bank.total: a statistic\n" in text
    assert _tell(bank, attrs.evolve(found, races=races), quiet=True) == ""


def test_map(bank: Bank) -> None:
    """On demand every class, module, function and container is told, the worst first."""
    text = _tell(bank, with_map=True)
    found = text[text.index("owned: map") :].partition("\n\n")[0].splitlines()
    assert found[:4] == [
        "owned: map of exposure",
        "  unprotected     bank",
        "    unprotected     .total",
        "  unprotected     bank.Account",
    ]
    assert "  under a lock    bank.main" in found
    assert "    under a lock    .done, under lock (bank.py:5)" in found
    assert "  handed over     list made at bank.py:4" in found


def test_limits_are_told(bank: Bank) -> None:
    """What was forgotten, and how the program ended, is part of the report."""
    found = attrs.evolve(bank.findings(), forgotten=1200, notes=("something",))
    text = _terminal.tell(attrs.evolve(bank.report(found), ending="It was killed.", process=77), PLAIN)
    assert "owned (process 77): 3 certain races" in text
    assert "\n  It was killed.\n" in text
    assert "1,200 variables were forgotten to stay below --memory: races may be missed" in text
    assert "  note      something\n" in text


def test_narrow_terminal(bank: Bank) -> None:
    """On a terminal texts wrap behind their labels; lines of source do not."""
    text = _terminal.tell(bank.report(), attrs.evolve(PLAIN, is_terminal=True, width=60))
    prose = [line for line in text.splitlines() if "│" not in line and "bank.py" not in line]
    assert max(map(len, prose)) <= 60


# ---- the map ---------------------------------------------------------------------------------------------------------


def test_class_with_a_late_write_is_not_to_be_frozen(bank: Bank) -> None:
    """A class could be frozen only if none of its attributes was written later, or twice."""
    rate = next(one for one in bank.findings().exposures if one.variable.owner == "bank.Rate")
    assert _exposure.freezable(Findings(exposures=(rate,))) == ["bank.Rate"]
    builtin = attrs.evolve(rate, variable=attrs.evolve(rate.variable, owner="function"))
    assert _exposure.freezable(Findings(exposures=(builtin,))) == []
    for change in ({"writes": 1}, {"initial": rate.objects + 1}, {"shared": 0}):
        assert _exposure.freezable(Findings(exposures=(attrs.evolve(rate, **change),))) == []


def test_lock_of_a_race_is_not_idle(bank: Bank) -> None:
    """A lock that one of two accesses held was meant to guard something."""
    found = bank.findings()
    assert [lock.name for lock in _exposure.idle_locks(found)] == ["audit_lock"]
    unguarding = tuple(attrs.evolve(lock, guarded=0) for lock in found.locks)
    assert [lock.name for lock in _exposure.idle_locks(attrs.evolve(found, locks=unguarding))] == ["audit_lock"]
    assert _exposure.idle_locks(attrs.evolve(found, locks=(attrs.evolve(found.locks[1], takings=0),))) == []


# ---- JSON ------------------------------------------------------------------------------------------------------------


def test_json_has_what_its_description_says(bank: Bank) -> None:
    """Every key that is described is there, and no other."""
    document = json.loads(json.dumps(_json.document(bank.report(), 1)))
    described = _json.__doc__ or ""
    for keys in (document, document["races"][0]):
        for key in keys:
            assert key in described
    assert set(document["races"][0]["accesses"][0]) == {
        "kind", "operation", "verb", "thread", "thread_name", "locks", "source", "stack",
    }  # fmt: skip
    exposure = document["exposures"][0]
    assert set(exposure) == {"kind", "owner", "name", "state"} | {
        field.name for field in attrs.fields(Exposure) if field.name != "variable"
    }


def test_json_of_a_race(bank: Bank) -> None:
    """A tool finds certainty, variable, places relative to the root, and threads."""
    file = StringIO()
    _json.write(file, bank.report(), 1)
    document = json.loads(file.getvalue())
    assert (document["format"], document["exit_status"], document["complete"]) == (1, 1, True)
    race = document["races"][2]
    assert (race["certainty"], race["status"], race["variable"]) == ("certain", "new", "dict['night']")
    write, read = race["accesses"]
    assert (write["stack"][0]["file"], write["source"]) == ("bank.py", "rates[name] = len(rates)")
    assert (read["verb"], read["thread_name"]) == ("looked into", "teller-2")
    assert document["freezable"] == ["bank.Rate"]
    assert document["idle_locks"] == [2]


# ---- SARIF -----------------------------------------------------------------------------------------------------------


def _run(bank: Bank, findings: Findings | None = None) -> dict[str, Any]:
    log = json.loads(json.dumps(_sarif.document(bank.report(findings))))
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    return dict(run)


def test_sarif_points_to_both_accesses(bank: Bank) -> None:
    """A result is at the second access; the first one and the place of making are related."""
    run = _run(bank)
    assert [result["ruleId"] for result in run["results"]] == ["certain-race"] * 3 + ["possible-race"]
    assert [result["level"] for result in run["results"]] == ["error"] * 3 + ["warning"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    result = run["results"][0]
    where = result["locations"][0]["physicalLocation"]
    assert where["artifactLocation"] == {"uri": "bank.py", "uriBaseId": "ROOT"}
    deposit = line_of("self.balance += amount")
    assert where["region"] == {
        "startLine": deposit,
        "endLine": deposit,
        "startColumn": 9,
        "endColumn": 21,
        "snippet": {"text": "self.balance += amount"},
    }
    assert [one["id"] for one in result["relatedLocations"]] == [1, 2]
    assert run["originalUriBaseIds"]["ROOT"]["uri"] == bank.folder.as_uri() + "/"


def test_sarif_has_two_threads(bank: Bank) -> None:
    """Each thread is a flow, from its start to the access; library frames are whole URIs."""
    [flow] = _run(bank)["results"][0]["codeFlows"]
    assert [thread["message"]["text"] for thread in flow["threadFlows"]] == ["thread 'teller-2'", "thread 'teller-1'"]
    names = [step["location"]["message"]["text"] for step in flow["threadFlows"][1]["locations"]]
    assert names == ["Thread.run", "work", "Account.deposit"]
    first = flow["threadFlows"][1]["locations"][0]["location"]["physicalLocation"]["artifactLocation"]
    assert first["uri"].startswith("file:///")


def test_sarif_suppressions(bank: Bank) -> None:
    """What is known or allowed is suppressed, with the reason."""
    found = bank.findings()
    races = tuple(
        attrs.evolve(race, status=status, reason=reason)
        for race, status, reason in zip(found.races, [Status.ALLOWED, Status.KNOWN], ["it counts", ""], strict=False)
    )
    results = _run(bank, attrs.evolve(found, races=races))["results"]
    assert [result["suppressions"] for result in results] == [
        [{"kind": "inSource", "justification": "it counts"}],
        [{"kind": "external"}],
    ]


def test_sarif_fingerprint_is_that_of_the_baseline(bank: Bank) -> None:
    """Review tools recognise a race as the baseline does."""
    result = _run(bank)["results"][0]
    assert result["partialFingerprints"] == {"ownedRace/v1": bank.findings().races[0].fingerprint(str(bank.folder))}


def test_library_files_are_shown_briefly(bank: Bank) -> None:
    """Readers see a library's file without the folder of libraries, tools see all of it."""
    report = bank.report()
    assert report.shown(json.__file__) == "json/__init__.py"
    assert report.short(json.__file__) == json.__file__
