# SPDX-License-Identifier: MIT
"""``python -m owned audit``: its options, and that the program runs as it would without."""

import json
from pathlib import Path

import pytest

from audited import RACE, SAFE, run_audit, run_audited

FOUND = [("certain", "Account.balance")]


def test_program_has_its_arguments(tmp_path: Path) -> None:
    """What stands after the program is the program's."""
    outcome = run_audited(tmp_path, "import sys\nprint(sys.argv[1:])\n", "-q", arguments=("--map", "x"))
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, "['--map', 'x']\n", "")
    assert outcome.document["title"] == "python -m owned audit program.py --map x"


def test_module(tmp_path: Path) -> None:
    """-m runs a module as python does, and audits it and what it imports."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("")
    (tmp_path / "pack" / "bank.py").write_text(RACE)
    (tmp_path / "pack" / "__main__.py").write_text("from pack.bank import race\nrace()\n")
    outcome = run_audit(tmp_path, "-m", "pack")
    assert (outcome.status, outcome.races) == (1, FOUND)
    assert outcome.document["races"][0]["owner"] == "pack.bank.Account"


def test_folder(tmp_path: Path) -> None:
    """A folder with a __main__.py is a program, too."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text(RACE + "race()\n")
    outcome = run_audit(tmp_path, "app")
    assert (outcome.status, outcome.races) == (1, FOUND)


def test_only_what_is_included(tmp_path: Path) -> None:
    """--include leaves other modules as they are."""
    (tmp_path / "bank.py").write_text(RACE)
    (tmp_path / "other.py").write_text("")
    source = "import bank\nbank.race()\n"
    assert run_audited(tmp_path, source).races == FOUND
    assert run_audited(tmp_path, source, "--include", "bank").races == FOUND
    assert run_audited(tmp_path, source, "--include", "other").races == []


def test_baseline(tmp_path: Path) -> None:
    """What is written to a baseline does not count afterwards, and what is new does."""
    source = RACE + "race()\n"
    outcome = run_audited(tmp_path, source, "--write-baseline", "known.json")
    assert (outcome.status, outcome.races) == (0, FOUND)
    assert "known.json knows 1 race now" in outcome.stderr
    assert json.loads((tmp_path / "known.json").read_text())["races"][0]["variable"] == "__main__.Account.balance"
    outcome = run_audited(tmp_path, "# moved down\n" + source, "--baseline", "known.json")
    assert (outcome.status, outcome.document["races"][0]["status"]) == (0, "known")
    assert "no new races, 1 known from the baseline" in outcome.stderr
    more = source.replace("balance", "money")
    assert run_audited(tmp_path, more, "--baseline", "known.json").status == 1


def test_comment(tmp_path: Path) -> None:
    """A comment with a reason allows."""
    source = RACE.replace("self.balance += 1", "self.balance += 1  # owned: allow(rough)") + "race()\n"
    outcome = run_audited(tmp_path, source)
    assert (outcome.status, outcome.document["races"][0]["reason"]) == (0, "rough")


def test_all_reports(tmp_path: Path) -> None:
    """Page, JSON and SARIF of one run; the map on demand."""
    outcome = run_audited(tmp_path, RACE + "race()\n", "--html", "a/page.html", "--sarif", "a/log.sarif", "--map")
    assert "1 certain race" in (tmp_path / "a" / "page.html").read_text(encoding="utf-8")
    [run] = json.loads((tmp_path / "a" / "log.sarif").read_text())["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["certain-race"]
    assert "owned: map of exposure" in outcome.stderr
    assert "unprotected     __main__.Account" in outcome.stderr


def test_map_of_a_safe_program(tmp_path: Path) -> None:
    """The map says under which lock a variable always was."""
    document = run_audited(tmp_path, SAFE + "race()\n").document
    [balance] = [one for one in document["exposures"] if one["name"] == "balance"]
    assert balance["state"] == "under a lock"
    [lock] = document["locks"]
    assert (balance["locks"], lock["guarded"], lock["kind"]) == ([lock["number"]], 1, "Lock")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ((), "which program? name a script, or -m and a module"),
        (("--memory", "lots", "x.py"), "'lots' is no size: write 512M or 2G"),
        (("--baseline", "missing.json", "x.py"), "missing.json: No such file"),
        (("--baseline", "bad.json", "x.py"), "bad.json is no baseline"),
        (("--html", "/proc/no/such/page.html", "x.py"), "/proc/no"),
        (("--frobnicate", "x.py"), "unrecognized arguments: --frobnicate"),
    ],
)
def test_wrong_command_line(tmp_path: Path, options: tuple[str, ...], complaint: str) -> None:
    """What cannot be done is told before the program starts, with status 2."""
    (tmp_path / "x.py").write_text("print('started')\n")
    (tmp_path / "bad.json").write_text("{}")
    outcome = run_audit(tmp_path, *options)
    assert (outcome.status, outcome.stdout) == (2, "")
    assert complaint in outcome.stderr


def test_missing_program(tmp_path: Path) -> None:
    """A script that is not there fails as with python."""
    outcome = run_audit(tmp_path, "missing.py")
    assert outcome.status == 2
    assert "can't open file" in outcome.stderr


def test_traceback_is_that_of_python(tmp_path: Path) -> None:
    """No frame of ours is in the traceback of the program."""
    outcome = run_audited(tmp_path, "def f():\n    return {}['x']\nf()\n", "-q")
    assert outcome.status == 1
    assert "owned" not in outcome.stderr
    assert outcome.stderr.count("File ") == 2


def test_report_of_an_earlier_run_is_not_taken_for_this_one(tmp_path: Path) -> None:
    """A report that is there is emptied before the program starts."""
    run_audited(tmp_path, RACE + "race()\n")
    outcome = run_audited(tmp_path, "print(open('report.json').read() == '')\n")
    assert outcome.stdout == "True\n"
