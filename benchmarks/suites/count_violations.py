# SPDX-License-Identifier: MIT
"""A pytest plugin: what a run found, as JSON, in the file that the environment variable OWNED_SUITES_RESULT names."""

from __future__ import annotations

import collections
import json
import os

import pytest

_results: dict[str, str] = {}
_sites: collections.Counter[tuple[str, int, str, str]] = collections.Counter()
_violating: set[str] = set()


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("owned", None) not in (None, "off"):
        from owned._violations import observe

        watching = observe(_see)
        watching.__enter__()
        config.add_cleanup(lambda: watching.__exit__(None, None, None))


def _see(error: BaseException) -> None:
    violation = error.violation  # type: ignore[attr-defined]
    touch = violation.touch or violation.error
    touch = touch.partition("[")[0]  # keys differ from run to run
    _sites[violation.file, violation.line, violation.error, touch] += 1
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    _violating.add(test)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        _results[report.nodeid] = "failed"
    elif report.when == "call" or report.skipped:
        _results.setdefault(report.nodeid, report.outcome)


def pytest_sessionfinish() -> None:
    with open(os.environ["OWNED_SUITES_RESULT"], "w", encoding="utf-8") as file:
        json.dump(
            {
                "results": _results,
                "violating": sorted(_violating),
                "sites": [[*site, count] for site, count in sorted(_sites.items())],
            },
            file,
        )
