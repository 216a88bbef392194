# SPDX-License-Identifier: MIT
"""One audit from its start to its end: the detector, the patches of synchronisation and the import hook together."""

from __future__ import annotations

import io
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from owned._audit import _allow, _baseline, _gather
from owned._audit._findings import Exposure, Findings, Race
from owned._audit._report import Report

_on = threading.Lock()
"""Held as long as an audit is on: there is one detector."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _fresh_after_fork())


def _fresh_after_fork() -> None:
    from owned._audit import _detector

    if _detector.is_active():
        _detector.after_fork_in_child()


class Audit:
    """What ``owned.audit()`` returns: the audit while it is on, and what it found.

    Threads:
        Enter and leave it on one thread; what it found may be read by any.
    """

    def __init__(
        self,
        *,
        include: Sequence[str] = (),
        stdlib: Sequence[str] = (),
        memory: int = 0,
        baseline: str | Path | None = None,
    ) -> None:
        if memory < 0:
            raise ValueError(f"`memory` must be a number of bytes, or 0 for no bound, got {memory!r}")
        self._include = tuple(include)
        self._stdlib = tuple(stdlib)
        self._memory = memory
        self._known = {} if baseline is None else _baseline.read(Path(baseline))
        self._root = os.getcwd()
        self._started = 0.0
        self._ended: float | None = None
        self._findings: Findings | None = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop."""
        self.stop()

    def start(self, on_race: Callable[[Any], object] | None = None) -> None:
        """Begin to audit what is imported from now on.

        Args:
            on_race: called with each race as the detector tells it, on the thread that found it.

        Raises:
            RuntimeError: Another audit is on, or this one was used already.
        """
        if self._started:
            raise RuntimeError("this audit was used already: make another one with owned.audit()")
        if not _on.acquire(blocking=False):
            raise RuntimeError("an audit is on already in this process, and there can be only one at a time")
        from owned._audit import _detector, _loader, _sync

        try:
            self._root = os.getcwd()
            self._started = time.time()
            _detector.on_race(on_race)
            _detector.start(self._memory)
            _sync.install(audited=self._stdlib)
            _loader.install(self._include, self._stdlib)
        except BaseException:
            try:
                self._take_down()
            finally:
                _on.release()
            raise

    def stop(self) -> None:
        """End it; what was found stays. Does nothing if it has ended, or was never started."""
        if not self._started or self._ended is not None:
            return
        self._ended = time.time()
        try:
            self._take_down()
            self._findings = self.judge(_gather.gather())
        finally:
            _on.release()

    def _take_down(self) -> None:
        from owned._audit import _detector, _loader, _sync

        _detector.stop()
        _loader.uninstall()
        _sync.uninstall()
        _detector.on_race(None)

    # ---- what was found ----------------------------------------------------------------------------------------------

    @property
    def findings(self) -> Findings:
        """All of it: what was found so far while it is on, what was found in all afterwards."""
        if self._findings is not None:
            return self._findings
        return self.judge(_gather.gather()) if self._started else Findings()

    def judge(self, findings: Findings) -> Findings:
        """The findings with the races marked that the baseline knows or a comment allows."""
        return _baseline.judge(_allow.judge(findings), self._known, self._root)

    @property
    def races(self) -> tuple[Race, ...]:
        """The races, in the order in which they were found."""
        return self.findings.races

    @property
    def exposures(self) -> tuple[Exposure, ...]:
        """The map of exposure: one entry for each attribute, global, closure variable and container that was seen."""
        return self.findings.exposures

    @property
    def failed(self) -> bool:
        """Whether there is a certain race that is neither known nor allowed."""
        return bool(self.findings.failing)

    def report(self, title: str | None = None, **more: Any) -> Report:
        """A report of it, for the functions that write one.

        Args:
            title: what was audited; by default the program's command line.
            **more: other fields of the report.
        """
        if title is None:
            title = shlex.join(["python", *sys.orig_argv[1:]])
        duration = (self._ended or time.time()) - self._started if self._started else 0.0
        return Report(title, self.findings, self._root, self._started, duration, **more)

    def write_html(self, path: str | Path) -> None:
        """Write the report as one HTML page.

        Raises:
            OSError: The file cannot be written.
        """
        from owned._audit import _html

        with open(path, "w", encoding="utf-8") as file:
            _html.write(file, self.report(), None)

    def write_json(self, path: str | Path) -> None:
        """Write what was found as JSON, in the format that is described in ``owned/_audit/_json.py``.

        Raises:
            OSError: The file cannot be written.
        """
        from owned._audit import _json

        with open(path, "w", encoding="utf-8") as file:
            _json.write(file, self.report(), None)

    def write_sarif(self, path: str | Path) -> None:
        """Write the races as SARIF, for code review.

        Raises:
            OSError: The file cannot be written.
        """
        from owned._audit import _sarif

        with open(path, "w", encoding="utf-8") as file:
            _sarif.write(file, self.report())

    def __str__(self) -> str:
        """The report as text."""
        from owned._audit import _terminal
        from owned._screen import Screen

        text = io.StringIO()
        return _terminal.tell(self.report(), Screen(text.write, False, False, 100, True))

    def __repr__(self) -> str:
        """How it stands."""
        state = "not started" if not self._started else "on" if self._ended is None else "ended"
        return f"<Audit: {state}, {len(self.races):,} races>"
