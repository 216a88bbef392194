# SPDX-License-Identifier: MIT
"""A pytest plugin: the outcome of each test, as JSON, in the file that OWNED_OUTCOMES in the environment names."""

from __future__ import annotations

import json
import os

import pytest

_outcomes: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how a phase of a test ended: the test has failed if one of them has."""
    if report.failed:
        _outcomes[report.nodeid] = "failed"
    elif report.when == "call" or report.skipped:
        _outcomes.setdefault(report.nodeid, report.outcome)


def pytest_sessionfinish() -> None:
    """Write them."""
    with open(os.environ["OWNED_OUTCOMES"], "w", encoding="utf-8") as file:
        json.dump(_outcomes, file)
