# SPDX-License-Identifier: MIT
"""For the runs of the cases that test_cases.py starts: repeat each of them, and write down what the plugin found."""

from __future__ import annotations

import gc
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of these runs."""
    parser.addoption("--times", type=int, default=1, help="run each case so often")
    parser.addoption(
        "--found", type=Path, default=None, help="write the outcome of each case to this file, as JSON lines"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """The cases are no tests of ours: they are collected only where a run asks for what it finds."""
    if parent.config.option.found is None or file_path.parent.name not in ("cases", "at_exit"):
        return None
    return pytest.Module.from_parent(parent, path=file_path)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat each case."""
    if metafunc.config.option.found is not None and metafunc.config.option.times > 1:
        metafunc.fixturenames.append("time")
        metafunc.parametrize("time", range(metafunc.config.option.times))


_asked = False


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what is there now out of the collections that the plugin makes after each case."""
    global _asked
    _asked = session.config.option.found is not None
    if _asked:
        gc.collect()
        gc.freeze()


def pytest_runtest_logfinish() -> None:
    """Leave out the reports too: pytest keeps them all, and to walk through them each time takes longer and longer."""
    if _asked:
        gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note which errors the plugin has found in a case."""
    report = yield
    if item.config.option.found is not None and (report.failed or report.when == "call"):
        groups = getattr(report, "owned", ())
        errors = sorted({group["violation"]["error"] for group in groups})
        expected = item.module.ERROR  # type: ignore[attr-defined]
        found = {
            "case": item.path.stem,
            "test": item.name.partition("[")[0],
            "when": report.when,
            "outcome": report.outcome,
            "expected": expected,
            "errors": errors,
            "attributed": all(group["tests"] == [item.nodeid] for group in groups),
            "text": "" if errors == [expected] else report.longreprtext,
        }
        with open(item.config.option.found, "a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")
    return report
