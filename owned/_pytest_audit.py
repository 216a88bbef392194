# SPDX-License-Identifier: MIT
"""``pytest --owned-audit``: the tests are audited, and one fails in which a certain race was found.

A race belongs to the test that runs when it is found. It is told once per pair of places, so that of several tests that
show the same race the first one fails. What is found while no test runs fails the session. With pytest-xdist each
worker process audits its own tests, and the session merges what they found.

pytest itself imports test modules, to rewrite their assertions: what it makes of them is rewritten once more, and kept
under another name than its own.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shlex
import time
from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import Any

import attrs
import pytest
import wrapt

from owned._audit import _command, _findings, _gather, _loader, _rewrite, _terminal
from owned._audit._ending import Outputs
from owned._audit._findings import Findings, Race
from owned._audit._report import Report
from owned._audit._session import Audit
from owned._report_data import is_library
from owned._screen import Screen

_KEY = "owned_audit"
_PLAIN = Screen(lambda text: None, False, False, 100, True)
_started = pytest.StashKey["Auditor"]()


class RaceFound(Exception):
    """What a phase of a test ends with in which a certain race was found, and that has not failed already."""


def start(config: pytest.Config, options: argparse.Namespace) -> None:
    """Begin to audit, before anything of the project is imported; ended when ``config`` goes out of use.

    Raises:
        pytest.UsageError: An option has a value without a meaning.
    """
    if config.stash.get(_started, None) is not None:
        return
    try:
        audit, outputs = _prepared(options, config.invocation_params.dir)
        if not hasattr(config, "workerinput"):
            outputs.check()
    except (OSError, ValueError, argparse.ArgumentTypeError) as error:
        raise pytest.UsageError(f"--owned-audit: {error}") from None
    auditor = config.stash[_started] = Auditor(config, audit, outputs)
    auditor.start()
    config.pluginmanager.register(auditor, "owned-audit")


def _prepared(options: argparse.Namespace, folder: Path) -> tuple[Audit, Outputs]:
    baseline = options.owned_audit_baseline
    audit = Audit(
        include=_command.names(options.owned_audit_include),
        stdlib=_command.names(options.owned_audit_stdlib),
        memory=_command.size(options.owned_audit_memory),
        baseline=None if baseline is None else folder / baseline,
    )
    return audit, _outputs(options, folder)


def _outputs(options: argparse.Namespace, folder: Path) -> Outputs:
    paths: dict[str, Path] = {}
    for name in options.owned_audit_report:
        kind = Path(name).suffix
        if kind not in (".html", ".json", ".sarif"):
            raise ValueError(f"a report is .html, .json or .sarif, got {name!r}")
        paths[kind] = folder / name
    written = options.owned_audit_write_baseline
    return Outputs(
        html=paths.get(".html"),
        json=paths.get(".json"),
        sarif=paths.get(".sarif"),
        baseline=None if written is None else folder / written,
    )


@attrs.frozen
class Story:
    """The races of a test as pytest's ``longrepr``, with pytest's own text after them."""

    text: str
    rest: Any

    def toterminal(self, writer: Any) -> None:
        """Write it."""
        for line in self.text.splitlines():
            writer.line(line)
        if hasattr(self.rest, "toterminal"):
            writer.line()
            self.rest.toterminal(writer)
        elif self.rest:
            writer.line(str(self.rest))

    def __str__(self) -> str:
        """As text."""
        return f"{self.text}\n{self.rest}" if self.rest else self.text


class Auditor:
    """A session that is audited; a plugin, registered only then.

    Args:
        config: of the session.
        audit: the audit, not started yet.
        outputs: where reports go.
    """

    def __init__(self, config: pytest.Config, audit: Audit, outputs: Outputs) -> None:
        self._config = config
        self._audit = audit
        self._outputs = outputs
        self._title = shlex.join(["pytest", *map(os.fspath, config.invocation_params.args)])
        self._started = time.time()
        self._nodeid: str | None = None
        self._inbox: deque[tuple[str | None, Race]] = deque()
        self._tests: dict[tuple[object, ...], list[str]] = {}
        self._told: set[tuple[object, ...]] = set()
        self._others: list[Findings] = []
        self._summary = ""
        self._outside: tuple[Race, ...] = ()

    def start(self) -> None:
        """Start the audit; what pytest makes of test modules is audited, too."""
        self._audit.start(self._see)
        self._config.add_cleanup(self._audit.stop)
        self._config.add_cleanup(_audit_test_modules())

    def _see(self, told: Any) -> None:
        """Hear of a race, on the thread that found it."""
        self._inbox.append((self._nodeid, _gather.race_of(told)))

    # ---- tests -------------------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """From its setup to the end of its teardown a test runs."""
        self._nodeid = item.nodeid
        try:
            return (yield)
        finally:
            self._nodeid = None

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Fail the report of a phase in which a certain race was found that nobody knew.

        It gives the phase an exception, so that ``xfail`` and other plugins take a race for a failure.
        """
        races = self._settle(item.nodeid) if self._inbox else ()
        failure: pytest.ExceptionInfo[BaseException] | None = None
        if races and (call.excinfo is None or call.excinfo.errisinstance(pytest.skip.Exception)):
            call.excinfo = failure = _failure(races[0])
        report = yield
        if races:
            is_ours = failure is not None and call.excinfo is failure
            told = self._report(attrs.evolve(self._audit.findings, races=races))
            text = "\n".join(_terminal.story(told, race, _PLAIN) for race in races)
            report.longrepr = Story(text.rstrip(), None if is_ours else report.longrepr)  # type: ignore[assignment]
            report.outcome = "failed"
        return report

    def _settle(self, nodeid: str) -> tuple[Race, ...]:
        """The races that this test has to answer for."""
        self._note()
        if self._outputs.baseline is not None:
            return ()
        races = tuple(
            race
            for race in self._audit.findings.failing
            if race.key not in self._told and nodeid in self._tests.get(race.key, ())
        )
        self._told.update(race.key for race in races)
        return races

    def _note(self) -> None:
        """Remember in which tests races were found."""
        while self._inbox:
            nodeid, race = self._inbox.popleft()
            tests = self._tests.setdefault(race.key, [])
            if nodeid is not None and nodeid not in tests:
                tests.append(nodeid)

    # ---- the session -------------------------------------------------------------------------------------------------

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker process has found. One that has crashed leaves nothing."""
        told = getattr(node, "workeroutput", {}).get(_KEY)
        if told:
            self._others.append(_findings.from_dict(Findings, json.loads(told)))

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Write the reports, or in a worker process send what they are made of; fail for what no test answers for."""
        result = yield
        self._audit.stop()
        self._note()
        found = self._audit.findings
        found = attrs.evolve(
            found, races=tuple(attrs.evolve(race, tests=tuple(self._tests.get(race.key, ()))) for race in found.races)
        )
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[_KEY] = json.dumps(_findings.to_dict(found))
            return result
        found = self._audit.judge(_gather.merge([found, *self._others]))
        self._outside = tuple(race for race in found.failing if not race.tests)
        report = self._report(found)
        told: list[str] = []
        screen = attrs.evolve(_PLAIN, write=told.append)
        self._outputs.write(report, screen, int(session.exitstatus), self._tell(report, screen))
        if self._outputs.baseline is not None:
            told.append(self._outputs.write_baseline(report))
        elif self._outside and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._summary = "".join(told)
        return result

    def _report(self, findings: Findings) -> Report:
        return attrs.evolve(self._audit.report(self._title), findings=findings, duration=time.time() - self._started)

    def _tell(self, report: Report, screen: Screen) -> str:
        """What no test has told, and all of it in a few lines."""
        stories = [_terminal.story(report, race, screen) for race in self._outside]
        return "\n".join([*stories, _terminal.summary(report, screen)]) + "\n"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell what was found outside of the tests in full, and all of it in a few lines."""
        terminalreporter.section("owned: audit", sep="=")
        for line in self._summary.splitlines():
            terminalreporter.line(line)
        for path in self._outputs.paths:
            terminalreporter.line(f"owned: report: {path}")
        if self._outside and self._outputs.baseline is None:
            terminalreporter.line(
                "owned: a race was found outside of any test: the session has failed", red=True, bold=True
            )

    def pytest_report_header(self) -> str:
        """Say that it takes longer, and why."""
        return "owned: audit of everything that is imported from now on"


def _failure(race: Race) -> pytest.ExceptionInfo[BaseException]:
    try:
        raise RaceFound(f"{race.certainty} race on {race.variable.words}")
    except RaceFound as error:
        return pytest.ExceptionInfo.from_exception(error)


def _audit_test_modules() -> Any:
    """Rewrite what pytest makes of test modules.

    Returns:
        What to call to leave it as it was.
    """
    from _pytest.assertion import rewrite as pytests

    def audited(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        wrapped(*args, **kwargs)
        tree: ast.Module = args[0]
        path = args[2] if len(args) > 2 else kwargs.get("module_path")
        if path is None or not is_library(path):
            tree.body[:] = _rewrite.rewrite(tree).body

    before, tail = pytests.rewrite_asserts, pytests.PYC_TAIL
    pytests.rewrite_asserts = wrapt.FunctionWrapper(before, audited)
    pytests.PYC_TAIL = f"{tail.removesuffix('.pyc')}-owned-{_loader.maker().hex()[:16]}.pyc"

    def undo() -> None:
        pytests.rewrite_asserts, pytests.PYC_TAIL = before, tail

    return undo
