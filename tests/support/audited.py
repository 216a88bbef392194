# SPDX-License-Identifier: MIT
"""Running programs as a user would, with ``python -m owned audit``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from commandline import run_python
from forking import Done, forks

RACE = """\
import threading

class Account:
    def __init__(self):
        self.balance = 0

    def deposit(self):
        self.balance += 1

account = Account()

def race():
    threads = [threading.Thread(target=account.deposit, name=f"teller-{n}") for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""
"""The beginning of a program; `race()` has a certain race on `Account.balance`."""

SAFE = (
    RACE.replace("        self.balance += 1", "        with LOCK:\n            self.balance += 1")
    + "LOCK = threading.Lock()\n"
)
"""The same without a race."""


def run_audited(folder: Path, source: str, *options: str, arguments: tuple[str, ...] = ()) -> Outcome:
    """Write the program into the folder, and audit it."""
    (folder / "program.py").write_text(source, encoding="utf-8")
    return run_audit(folder, *options, "program.py", *arguments)


def run_audit(folder: Path, *arguments: str) -> Outcome:
    """Audit what the arguments say; the JSON report is always written."""
    report = folder / "report.json"
    command = ("audit", "--json", str(report), *arguments)
    run = forks().run if hasattr(os, "fork") else run_owned
    return Outcome(run(*command, folder=folder), report)


def run_mortal(folder: Path, source: str) -> Outcome:
    """Audit a program that leaves its report to the witness, who may go on writing when it is dead."""
    (folder / "program.py").write_text(source, encoding="utf-8")
    report = folder / "report.json"
    return Outcome(run_owned("audit", "--json", str(report), "program.py", folder=folder), report)


def run_owned(*command: str, folder: Path) -> Done:
    """``python -m owned ...``, until nobody writes any more."""
    done = run_python("-m", "owned", *command, cwd=folder)
    return Done(done.returncode, done.stdout, done.stderr)


class Outcome:
    """How a program ended, and its report."""

    def __init__(self, done: Done, report: Path) -> None:
        self.status = done.status
        self.stdout = done.out
        self.stderr = done.err
        self._report = report

    @classmethod
    def of(cls, report: Path) -> Outcome:
        """That of a process which somebody else has started: its report is all that is known."""
        return cls(Done(0, "", ""), report)

    @property
    def has_report(self) -> bool:
        """Whether there is a report already: the file is there from the beginning, and empty."""
        return self._report.exists() and self._report.stat().st_size > 0

    @property
    def document(self) -> dict[str, Any]:
        """The JSON report."""
        document: dict[str, Any] = json.loads(self._report.read_text(encoding="utf-8"))
        return document

    @property
    def races(self) -> list[tuple[str, str]]:
        """Certainty and variable of each race."""
        return [(race["certainty"], race["variable"]) for race in self.document["races"]]
