# SPDX-License-Identifier: MIT
"""The end of an audited program, whichever way it goes: its report is written, once, and first.

=================================  =====================================================================================
the last line, an uncaught         `owned._audit._command` calls `Ending.finish`
exception, ``sys.exit``, Ctrl-C
``os._exit``, ``os.exec*``         replaced: they report, and then do what they do
SIGTERM, SIGHUP                    a handler, where the program has none and the signal would end it
a fork                             the child starts anew, and writes its own report beside that of its parent
SIGKILL, a crash in C              the witness of `owned._audit._journal` writes what was found until then
=================================  =====================================================================================
"""

from __future__ import annotations

import functools
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO, Any

import attrs

from owned import _page
from owned._audit import _baseline, _html, _json, _sarif, _terminal
from owned._audit._findings import Findings
from owned._audit._journal import Journal
from owned._audit._report import Report
from owned._audit._session import Audit
from owned._screen import Screen

_SIGNALS = ("SIGTERM", "SIGHUP")
_DIED = (
    "The process died on the spot: it was killed, or crashed in C code. This is what was found until then; the map of "
    "exposure is lost."
)


@attrs.frozen
class Outputs:
    """Where reports go, besides the terminal.

    Attributes:
        html: a file for the page, or None.
        json: a file for the document, or None.
        sarif: a file for the log of code review tools, or None.
        baseline: a file to write the races to that were found, or None.
        quiet: whether to print nothing where nothing new was found.
        with_map: whether to print the whole map of exposure.
    """

    html: Path | None = None
    json: Path | None = None
    sarif: Path | None = None
    baseline: Path | None = None
    quiet: bool = False
    with_map: bool = False

    def check(self) -> None:
        """See that the files can be written, and that no old report is taken for that of this run.

        Raises:
            OSError: One cannot.
        """
        for path in self.paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("w").close()

    def write(self, report: Report, screen: Screen, exit_status: int | None, text: str | None = None) -> None:
        """Write all of them; what cannot be written is told.

        Args:
            report: what to write.
            screen: where the text goes.
            exit_status: of the process, if it is known.
            text: what to say, if not the usual.
        """
        if text is None:
            text = _terminal.tell(report, screen, quiet=self.quiet, with_map=self.with_map)
        screen.write(text)
        for path, write in (
            (self.html, lambda file: _html.write(file, report, exit_status)),
            (self.json, lambda file: _json.write(file, report, exit_status)),
            (self.sarif, lambda file: _sarif.write(file, report)),
        ):
            if path is not None:
                target = path if report.process is None else path.with_suffix(f".{report.process}{path.suffix}")
                self._write(target, write, screen)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of reports."""
        return tuple(path for path in (self.html, self.json, self.sarif) if path is not None)

    def write_baseline(self, report: Report) -> str:
        """Write the baseline.

        Returns:
            What came of it, as a line.
        """
        assert self.baseline is not None
        try:
            count = _baseline.write(self.baseline, report.findings.races, report.root)
        except (OSError, ValueError) as error:
            return f"owned: the baseline could not be written: {error}\n"
        return f"owned: {self.baseline} knows {_page.number(count, 'race')} now\n"

    def _write(self, path: Path, write: Callable[[IO[str]], object], screen: Screen) -> None:
        """Write a file so that nobody ever sees half of it."""
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with unfinished.open("w", encoding="utf-8", errors="backslashreplace") as file:
                write(file)
            unfinished.replace(path)
        except OSError as error:
            screen.write(f"owned: {path} could not be written: {error}\n")


class Ending:
    """The end of the program that is audited.

    Args:
        audit: the audit.
        title: what is audited, for the head of reports.
        outputs: where reports go.
        screen: where the text goes.
    """

    def __init__(self, audit: Audit, title: str, outputs: Outputs, screen: Screen) -> None:
        self._audit = audit
        self._title = title
        self._outputs = outputs
        self._screen = screen
        self._process = os.getpid()
        self._turn = threading.Lock()
        self._finisher: int | None = None
        self._status: int | None = None
        self._restore: list[Callable[[], object]] = []
        self._journal = Journal.begin(self._testify)

    @property
    def _is_child(self) -> bool:
        return os.getpid() != self._process

    # ---- watching ----------------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Begin: start the audit, and stand at every door."""
        self._audit.start(self._journal.race if self._journal is not None else None)
        for name in ("_exit", "execv", "execve"):
            if hasattr(os, name):
                self._replace(name)
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, self._signalled)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin_in_child)

    def _replace(self, name: str) -> None:
        original = getattr(os, name)

        @functools.wraps(original)
        def leave(*args: Any, **kwargs: Any) -> Any:
            if name == "_exit":
                status = args[0] if args else kwargs.get("status")
                if isinstance(status, int):
                    how = f"The program left by os._exit({status}), on thread {threading.current_thread().name!r}."
                    return original(self.finish(status, how))
            elif args and _is_program(args[0]):
                self.finish(None, f"The process became another program: {os.fsdecode(args[0])}.")
            return original(*args, **kwargs)

        setattr(os, name, leave)
        self._restore.append(lambda: setattr(os, name, original))

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        """Report, and then die of the signal after all."""
        self.finish(None, f"The program was ended by {signal.Signals(number).name}.")
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _begin_in_child(self) -> None:
        self._turn = threading.Lock()
        self._finisher = self._status = None

    # ---- the end -----------------------------------------------------------------------------------------------------

    def finish(self, status: int | None, how: str = "") -> int:
        """Write the report, unless that has been done.

        Args:
            status: the exit status that the program asks for, as its parent would see it; None if it is not known.
            how: how the program ended, in a sentence, if it did not come to its end.

        Returns:
            The exit status: 1 if there is a certain race that nobody knew, else the program's own. That of a forked
            child is its own always, for it may be a message to its parent; its races count in that one's status.

        Threads:
            Any. Where one is at it, others wait for it.
        """
        me = threading.get_ident()
        if self._finisher == me:  # a signal arrived, or a finalizer left
            return status or 0
        with self._turn:
            if self._status is None:
                self._finisher = me
                try:
                    self._status = self._report(status, how)
                finally:
                    self._finisher = None
            return self._status

    def _report(self, status: int | None, how: str) -> int:
        self._audit.stop()
        for restore in self._restore:
            restore()
        failing = len(self._audit.findings.failing)
        own = status or 0
        if self._is_child:
            told = self._audit.report(self._title, process=os.getpid(), ending=how)
            if self._journal is not None:
                self._journal.child(failing)
            if told.findings.races or told.findings.exposures:
                self._outputs.write(told, self._screen, status)
            return own
        children = self._journal.failing_children() if self._journal is not None else 0
        report = self._audit.report(self._title, ending=how)
        if self._outputs.baseline is not None:
            self._screen.write(self._outputs.write_baseline(report))
            failing = children = 0
        if failing or children:
            own = 1
        self._outputs.write(report, self._screen, None if status is None else own)
        if children and not failing:
            self._screen.write(f"owned: forked children found {_page.number(children, 'certain race')}, told above\n")
        if self._journal is not None:
            self._journal.end()
        return own

    def _testify(self, findings: Findings) -> None:
        """In the witness: write the report of a process that is gone."""
        report = self._audit.report(self._title, ending=_DIED)
        self._outputs.write(attrs.evolve(report, findings=self._audit.judge(findings)), self._screen, None)


def _is_program(path: Any) -> bool:
    """Whether that can be executed: ``os.execvp`` tries one folder after the other."""
    try:
        return os.path.isfile(path) and os.access(path, os.X_OK)
    except (TypeError, ValueError):
        return False
