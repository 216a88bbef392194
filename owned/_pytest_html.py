# SPDX-License-Identifier: MIT
"""``pytest --owned-report=FILE.html``: gathers while the tests run, and writes the page when the session ends.

With pytest-xdist each worker process gathers for its own tests, and the session merges their documents.
"""

from __future__ import annotations

import json
import os
import shlex
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from owned._report_data import Collector, Document, merge
from owned._report_page import write_page

_KEY = "owned_report"


class Reporter:
    """A session of which a report is wanted; a plugin, registered only then.

    Args:
        config: of the session.
        file: where the report goes, as given on the command line.
    """

    def __init__(self, config: pytest.Config, file: str) -> None:
        self._config = config
        self._file = Path(config.invocation_params.dir, file)
        self._collector = Collector(shlex.join(["pytest", *map(os.fspath, config.invocation_params.args)]))
        self._others: list[Document] = []
        self._outcome = ""
        self._collector.start()
        config.add_cleanup(self._collector.stop)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """From its setup to the end of its teardown a test runs."""
        self._collector.test_began(item.nodeid)
        try:
            return (yield)
        finally:
            self._collector.test_ended(item.nodeid)

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Take in a warning of ours; those of worker processes arrive in the session as well."""
        kind = warning_message.category
        if kind.__module__.partition(".")[0] == "owned" and not hasattr(self._config, "workerinput"):
            text = str(warning_message.message)
            self._collector.warned(kind.__name__, text, warning_message.filename, warning_message.lineno)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take the document of a worker process. One that has crashed leaves none."""
        told = getattr(node, "workeroutput", {}).get(_KEY)
        if told:
            self._others.append(json.loads(told))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the report, or in a worker process send what it is made of."""
        document = self._collector.document()
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[_KEY] = json.dumps(document)
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("w", encoding="utf-8") as file:
                write_page(file, merge([document, *self._others]))
        except OSError as error:
            self._outcome = f"the report could not be written: {error}"
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        else:
            self._outcome = f"report: {self._file}"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell where it is."""
        if self._outcome:
            terminalreporter.line(f"owned: {self._outcome}")
