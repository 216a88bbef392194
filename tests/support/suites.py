# SPDX-License-Identifier: MIT
"""Test suites for the pytest plugin to check, run by pytest inside of pytest."""

from __future__ import annotations

import os
import textwrap
from unittest import mock

import pytest

ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""The environment in which pytest loads the plugins that it is told to load, and no others."""

PRELUDE = """
import threading
import pytest
import owned

@owned.owned
class Account:
    def __init__(self):
        self.balance = 0

def touch(account):
    account.balance = 1

def swallow(account):
    try:
        touch(account)
    except owned.OwnershipError:
        pass

def on_a_thread(function, *args):
    thread = threading.Thread(target=function, args=args, name="worker")
    thread.start()
    thread.join()

def violate():
    on_a_thread(swallow, Account())
"""


class Outcome:
    """How a suite went.

    Attributes:
        of: the outcome of each phase that did not just pass, by test: ``{"test_x": "call failed"}``. Tests that passed
            are in it as ``"passed"``, ``"xfailed"`` and ``"xpassed"`` as such.
        texts: what the failed reports say, by test.
        output: what was printed.
        status: the exit status.
    """

    def __init__(self, recorder: pytest.HookRecorder, output: str) -> None:
        self.of: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.output = output
        self.status = int(recorder.ret or 0)
        reports = recorder.getreports("pytest_runtest_logreport")
        for report in reports:
            assert isinstance(report, pytest.TestReport)
            name = report.nodeid.partition("::")[2]
            if hasattr(report, "wasxfail"):
                self.of[name] = "xfailed" if report.skipped else "xpassed"
            elif not report.passed:
                self.of[name] = f"{report.when} {report.outcome}"
                self.texts[name] = self.texts.get(name, "") + report.longreprtext
            elif report.when == "call":
                self.of.setdefault(name, "passed")


def run_suite(pytester: pytest.Pytester, source: str, *options: str, plugins: tuple[str, ...] = ()) -> Outcome:
    """Run a suite in this process.

    Args:
        pytester: pytest's fixture.
        source: what follows `PRELUDE` in the test module.
        *options: of pytest.
        plugins: the plugins to load by name beside ours. What else is installed stays away.
    """
    pytester.makepyfile(PRELUDE + textwrap.dedent(source))
    named = [option for plugin in ("no:cacheprovider", "owned", *plugins) for option in ("-p", plugin)]
    with mock.patch.dict(os.environ, ALONE):
        done = pytester.runpytest_inprocess(*named, *options)
    assert done.reprec is not None  # type: ignore[attr-defined]
    return Outcome(done.reprec, done.stdout.str() + done.stderr.str())  # type: ignore[attr-defined]
