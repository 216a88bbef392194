# SPDX-License-Identifier: MIT
"""``pytest --owned-audit``: a test in which a certain race is found fails, and the session has its reports."""

from __future__ import annotations

import json
import os
from unittest import mock

import pytest

from audited import RACE, SAFE
from suites import ALONE

TESTS = """
    import threading
    import bank

    def test_races():
        bank.race()

    def test_fine():
        assert True
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A suite of tests of a module with a race."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "")
    pytester.makepyfile(bank=RACE)
    pytester.makepyfile(test_bank=TESTS)
    return pytester


def _run(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return _run_plainly(suite, "--owned-audit", *arguments)


def _run_plainly(suite: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Without the other plugins that are installed: to import them is most of what a run costs."""
    with mock.patch.dict(os.environ, ALONE):
        return suite.runpytest_subprocess("-p", "no:cacheprovider", "-p", "owned", *arguments)


def test_race_fails_its_test(suite: pytest.Pytester) -> None:
    """The test that shows the race fails, with both accesses in its report; others do not."""
    result = _run(suite)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "owned: audit of everything that is imported from now on",
            "owned: certain race on Account.balance",
            "*first *bank.py:8 in Account.deposit: thread 'teller-?' read and wrote it, no lock held",
            "*way out *",
            "*owned: audit*",
            "owned: 1 certain race",
            "FAILED test_bank.py::test_races*",
        ]
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_without_races(suite: pytest.Pytester) -> None:
    """Where there is none, nothing fails."""
    suite.makepyfile(bank=SAFE)
    result = _run(suite)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["owned: no races"])


def test_race_in_the_test_itself(suite: pytest.Pytester) -> None:
    """What pytest makes of test modules is audited, too, and their assertions are explained as ever."""
    suite.makepyfile(
        test_bank="""
        import threading

        def test_closure():
            n = 0
            def count():
                nonlocal n
                n += 1
            threads = [threading.Thread(target=count) for _ in range(2)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()

        def test_explained():
            numbers = [1, 2]
            assert sum(numbers) == 4
        """
    )
    for _ in range(2):  # the second time from pytest's cache
        result = _run(suite)
        result.assert_outcomes(failed=2)
        result.stdout.fnmatch_lines(["*certain race on the variable n of test_closure()", "*assert 3 == 4"])
    plain = _run_plainly(suite)
    plain.assert_outcomes(passed=1, failed=1)


def test_race_and_failure(suite: pytest.Pytester) -> None:
    """A test that fails anyhow tells both."""
    suite.makepyfile(test_bank="import bank\ndef test_it():\n    bank.race()\n    assert 1 == 2\n")
    result = _run(suite)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["owned: certain race on Account.balance", "*assert 1 == 2"])


def test_expected_failure(suite: pytest.Pytester) -> None:
    """A race is a failure for xfail."""
    suite.makepyfile(
        test_bank="""
        import bank, pytest
        @pytest.mark.xfail(strict=True)
        def test_it():
            bank.race()
        """
    )
    _run(suite).assert_outcomes(xfailed=1)


def test_race_outside_of_any_test(suite: pytest.Pytester) -> None:
    """What is found while no test runs fails the session."""
    suite.makepyfile(test_bank="import bank\nbank.race()\ndef test_it(): pass\n")
    result = _run(suite)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "owned: certain race on Account.balance",
            "owned: a race was found outside of any test: the session has failed",
        ]
    )


def test_reports(suite: pytest.Pytester) -> None:
    """Reports are written as their names say, and name the test."""
    reports = [f"--owned-audit-report={name}" for name in ("out/page.html", "out/report.json", "out/log.sarif")]
    result = _run(suite, *reports)
    result.stdout.fnmatch_lines(["owned: report: *page.html"])
    document = json.loads((suite.path / "out" / "report.json").read_text())
    [race] = document["races"]
    assert (race["variable"], race["tests"]) == ("Account.balance", ["test_bank.py::test_races"])
    assert document["exit_status"] == 1
    assert "test_bank.py::test_races" in (suite.path / "out" / "page.html").read_text()
    assert json.loads((suite.path / "out" / "log.sarif").read_text())["runs"][0]["results"]


def test_workers(suite: pytest.Pytester) -> None:
    """With pytest-xdist each worker audits its tests, and the session merges what they found."""
    suite.makepyfile(test_other="import bank\ndef test_again():\n    bank.race()\n")
    result = _run(suite, "-p", "xdist", "-n", "2", "--dist", "loadfile", "--owned-audit-report=report.json")
    result.assert_outcomes(passed=1, failed=2)
    [race] = json.loads((suite.path / "report.json").read_text())["races"]
    assert (race["count"], sorted(race["tests"])) == (2, ["test_bank.py::test_races", "test_other.py::test_again"])


def test_baseline(suite: pytest.Pytester) -> None:
    """A race that the baseline knows fails nothing."""
    result = _run(suite, "--owned-audit-write-baseline=known.json")
    result.stdout.fnmatch_lines(["owned: *known.json knows 1 race now"])
    result = _run(suite, "--owned-audit-baseline=known.json")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["owned: no new races, 1 known from the baseline"])


def test_only_what_is_included(suite: pytest.Pytester) -> None:
    """Other modules stay as they are."""
    _run(suite, "--owned-audit-include=other").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("--owned-audit-report=x.pdf", "a report is .html, .json or .sarif, got 'x.pdf'"),
        ("--owned-audit-memory=much", "'much' is no size"),
        ("--owned-audit-baseline=missing.json", "missing.json"),
    ],
)
def test_wrong_options(suite: pytest.Pytester, option: str, complaint: str) -> None:
    """What cannot be done is a usage error."""
    result = _run(suite, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--owned-audit: *{complaint}*"])


def test_nothing_without_the_option(suite: pytest.Pytester) -> None:
    """The audit is not even imported where it is not asked for."""
    suite.makepyfile(test_bank="import sys\ndef test_it():\n    assert 'owned._audit' not in sys.modules\n")
    suite.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:asyncio").assert_outcomes(passed=1)
