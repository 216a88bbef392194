# SPDX-License-Identifier: MIT
"""The findings as JSON for tools.

The document (every key is always there):

    format         1; raised when a key changes its meaning
    owned, python  version of this package, and of the interpreter: "3.13.1 free-threading build" and the like
    title          what was audited
    root           the folder it ran in: paths below it are relative to it
    started, duration   Unix time and length, in seconds
    process        the number of the process; null for the one that was started
    exit_status    of the process, as the audit decided; null where that is not known
    complete       false when the process died, and all but the races is lost
    ending         how the program ended where it did not come to its end, or ""
    races          in the order in which they were found:

        certainty      "certain" or "possible"
        status         "new", "known" (the baseline has it) or "allowed" (a comment does), and why: reason
        variable       "Account.balance", "bank.total", "list[0]", "dict"
        kind, owner, name   the same in parts: "attribute", "bank.Account", "balance"
        count          how often it was seen
        accesses       two of {kind, operation, verb, thread, thread_name, locks, source, stack}, in the order of
                       the run; stack: [{file, line, column, end_line, end_column, function}, ...], innermost first
        made, maker    where the object was made, and by which thread
        why, remedy    in words
        fingerprint    the same in another run of another version
        tests          the tests in which it was seen

    exposures      the map: {kind, owner, name, state, made, objects, shared, threads, reads, writes, initial, locks,
                   ordered_by, races, possible}, see `owned._audit._findings.Exposure`
    threads        [{number, name}]
    locks          [{number, kind, name, made, takings, threads, guarded}]
    freezable      names of classes whose objects could be frozen
    idle_locks     numbers of locks that kept nobody apart from anything
    forgotten      how many variables the bound on memory made the audit forget
    notes          sentences
"""

from __future__ import annotations

import json
from typing import IO, Any

from owned._audit import _exposure
from owned._audit._findings import Access, Exposure, Lock, Place, Race
from owned._audit._report import Report


def write(file: IO[str], report: Report, exit_status: int | None) -> None:
    """Write the document described at the top of this module."""
    json.dump(document(report, exit_status), file, indent=2)
    file.write("\n")


def document(report: Report, exit_status: int | None) -> dict[str, Any]:
    """The document: dicts, lists, strings and numbers."""
    findings = report.findings
    teller = _Plain(report)
    return {
        "format": 1,
        "owned": report.version,
        "python": report.python,
        "title": report.title,
        "root": report.root,
        "started": report.started,
        "duration": report.duration,
        "process": report.process,
        "exit_status": exit_status,
        "complete": findings.complete,
        "ending": report.ending,
        "races": [teller.race(race) for race in findings.races],
        "exposures": [teller.exposure(one) for one in findings.exposures],
        "threads": [{"number": thread.number, "name": thread.name} for thread in findings.threads],
        "locks": [teller.lock(lock) for lock in findings.locks],
        "freezable": _exposure.freezable(findings),
        "idle_locks": [lock.number for lock in _exposure.idle_locks(findings)],
        "forgotten": findings.forgotten,
        "notes": list(findings.notes),
    }


class _Plain:
    def __init__(self, report: Report) -> None:
        self._report = report

    def race(self, race: Race) -> dict[str, Any]:
        return {
            "certainty": str(race.certainty),
            "status": str(race.status),
            "reason": race.reason,
            "variable": race.variable.short,
            "kind": str(race.variable.kind),
            "owner": race.variable.owner,
            "name": race.variable.name,
            "count": race.count,
            "accesses": [self._access(access) for access in race.accesses],
            "made": self._stack(race.made),
            "maker": race.maker,
            "why": self._report.why(race),
            "remedy": race.remedy,
            "fingerprint": race.fingerprint(self._report.root),
            "tests": list(race.tests),
        }

    def _access(self, access: Access) -> dict[str, Any]:
        return {
            "kind": access.kind,
            "operation": access.operation,
            "verb": access.verb,
            "thread": access.thread,
            "thread_name": self._report.findings.thread_name(access.thread),
            "locks": list(access.locks),
            "source": access.place.source,
            "stack": self._stack(access.stack),
        }

    def exposure(self, one: Exposure) -> dict[str, Any]:
        return {
            "kind": str(one.variable.kind),
            "owner": one.variable.owner,
            "name": one.variable.name,
            "state": str(one.state),
            "made": self._stack(one.made),
            "objects": one.objects,
            "shared": one.shared,
            "threads": list(one.threads),
            "reads": one.reads,
            "writes": one.writes,
            "initial": one.initial,
            "locks": list(one.locks),
            "ordered_by": list(one.ordered_by),
            "races": one.races,
            "possible": one.possible,
        }

    def lock(self, lock: Lock) -> dict[str, Any]:
        return {
            "number": lock.number,
            "kind": lock.kind,
            "name": lock.name,
            "made": self._stack(lock.made),
            "takings": lock.takings,
            "threads": list(lock.threads),
            "guarded": lock.guarded,
        }

    def _stack(self, stack: tuple[Place, ...]) -> list[dict[str, Any]]:
        return [
            {
                "file": self._report.short(place.file),
                "line": place.line,
                "column": place.column,
                "end_line": place.end_line,
                "end_column": place.end_column,
                "function": place.function,
            }
            for place in stack
        ]
