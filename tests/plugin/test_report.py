# SPDX-License-Identifier: MIT
"""``--owned-report``: the page of a session, of one process or of several."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from owned import _core, _violations
from suites import run_suite

SUITE = """
    def test_one():
        violate()

    def test_two():
        with owned.Lock():
            violate()

    def test_fine():
        assert True
"""


def data_of(page: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found
    return json.loads(found[1])


def test_page_of_a_session(pytester: pytest.Pytester) -> None:
    """The page is where it was asked for and names the tests; nobody observes or records any more when it is over."""
    before = _violations._observers
    done = run_suite(pytester, SUITE, "--owned=strict", "--owned-report=out/of/report.html")
    page = pytester.path / "out" / "of" / "report.html"
    data = data_of(page)
    [entry] = data["violations"]
    assert (entry["touch"], entry["count"]) == ("write Account.balance", 2)
    assert [name.partition("::")[2] for name in entry["tests"]] == ["test_one", "test_two"]
    assert data["tests_run"] == 3
    assert len(data["locks"]) == len(data["holds"]["rows"]) == 1
    assert data["title"].startswith("pytest ")
    assert "account.balance = 1" in html.unescape(page.read_text(encoding="utf-8"))
    assert f"owned: report: {page}" in done.output
    assert done.of["test_fine"] == "passed"
    assert _violations._observers == before
    assert _core.lock_holds() == []


def test_page_that_cannot_be_written(pytester: pytest.Pytester) -> None:
    """The session says so, and fails."""
    (pytester.path / "taken").write_text("")
    done = run_suite(pytester, "def test_fine(): pass", "--owned=strict", "--owned-report=taken/report.html")
    assert "owned: the report could not be written: " in done.output
    assert done.status == pytest.ExitCode.TESTS_FAILED


def test_worker_processes(pytester: pytest.Pytester) -> None:
    """With pytest-xdist the workers' documents become one page."""
    pytest.importorskip("xdist")
    run_suite(pytester, SUITE, "--owned=strict", "--owned-report=report.html", "-n2", plugins=("xdist",))
    data = data_of(pytester.path / "report.html")
    [entry] = data["violations"]
    assert entry["count"] == 2
    assert sorted(name.partition("::")[2] for name in entry["tests"]) == ["test_one", "test_two"]
    assert data["tests_run"] == 3
    assert {process["process"] for process in data["processes"]} <= {"gw0", "gw1"}
