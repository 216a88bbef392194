# SPDX-License-Identifier: MIT
"""The races as SARIF 2.1.0, which code review tools show beside the lines of code.

Each race is one result at its second access; the first one is a related location, and the two threads are the thread
flows of its code flow. What the baseline knows or a comment allows is there, and suppressed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

from owned._audit._findings import Access, Certainty, Place, Race, Status
from owned._audit._report import Report

_ROOT = "ROOT"
_RULES = {
    Certainty.CERTAIN: (
        "certain-race",
        "Two threads touched one variable, one of them wrote it, and nothing ordered the two.",
        "error",
    ),
    Certainty.POSSIBLE: (
        "possible-race",
        "Only the order in which a lock happened to be taken kept two accesses apart in this run.",
        "warning",
    ),
}


def write(file: IO[str], report: Report) -> None:
    """Write the log file."""
    json.dump(document(report), file, indent=2)
    file.write("\n")


def document(report: Report) -> dict[str, Any]:
    """The log: dicts, lists, strings and numbers."""
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [_Run(report).to_dict()],
    }


class _Run:
    def __init__(self, report: Report) -> None:
        self._report = report

    def to_dict(self) -> dict[str, Any]:
        report = self._report
        return {
            "tool": {
                "driver": {
                    "name": "owned audit",
                    "version": report.version,
                    "rules": [
                        {
                            "id": id,
                            "shortDescription": {"text": text},
                            "defaultConfiguration": {"level": level},
                            "properties": {"tags": ["concurrency"]},
                        }
                        for id, text, level in _RULES.values()
                    ],
                }
            },
            "invocations": [
                {
                    "commandLine": report.title,
                    "executionSuccessful": report.findings.complete and not report.ending,
                    "toolExecutionNotifications": [
                        {"level": "note", "message": {"text": text}}
                        for text in (report.ending, *report.findings.notes)
                        if text
                    ],
                }
            ],
            "originalUriBaseIds": {_ROOT: {"uri": Path(report.root).as_uri().rstrip("/") + "/"}},
            "columnKind": "unicodeCodePoints",
            "results": [self._result(race) for race in report.order()],
        }

    def _result(self, race: Race) -> dict[str, Any]:
        rule, _, level = _RULES[race.certainty]
        result: dict[str, Any] = {
            "ruleId": rule,
            "ruleIndex": list(_RULES).index(race.certainty),
            "level": level,
            "message": {"text": self._message(race)},
            "locations": [self._location(race.second.place)],
            "relatedLocations": [
                self._location(race.first.place, f"the other access: {self._words(race.first)}") | {"id": 1},
            ],
            "codeFlows": [
                {
                    "message": {"text": "both threads, from their start to the access"},
                    "threadFlows": [
                        {
                            "id": f"{access.thread}",
                            "message": {"text": self._who(access)},
                            "locations": [
                                {"location": self._location(place, place.function)}
                                for place in reversed(access.stack)
                                if place.line > 0
                            ],
                        }
                        for access in race.accesses
                    ],
                }
            ],
            "partialFingerprints": {"ownedRace/v1": race.fingerprint(self._report.root)},
            "occurrenceCount": race.count,
        }
        if race.made:
            result["relatedLocations"].append(self._location(race.made[0], "where the object was made") | {"id": 2})
        if race.status is not Status.NEW:
            suppression: dict[str, Any] = {"kind": "inSource" if race.status is Status.ALLOWED else "external"}
            result["suppressions"] = [suppression | ({"justification": race.reason} if race.reason else {})]
        return result

    def _message(self, race: Race) -> str:
        words = race.variable.words
        return (
            f"{race.certainty.capitalize()} race on {words}: {self._words(race.second)}, "
            f"[{self._words(race.first)}](1) at {self._report.where(race.first.place)}. "
            f"{self._report.why(race).capitalize()}. {race.remedy}"
        )

    def _words(self, access: Access) -> str:
        return f"{self._who(access)} {access.verb} it, {self._report.held_words(access.locks)}"

    def _who(self, access: Access) -> str:
        return f"thread {self._report.findings.thread_name(access.thread)!r}"

    def _location(self, place: Place, message: str | None = None) -> dict[str, Any]:
        region: dict[str, Any] = {"startLine": max(place.line, 1)}
        if place.end_line is not None and place.column is not None and place.end_column is not None:
            region |= {
                "endLine": place.end_line,
                "startColumn": place.column + 1,
                "endColumn": place.end_column + 1,
            }
        if place.source:
            region["snippet"] = {"text": place.source}
        location: dict[str, Any] = {
            "physicalLocation": {"artifactLocation": self._artifact(place.file), "region": region},
            "logicalLocations": [{"fullyQualifiedName": place.function, "kind": "function"}],
        }
        return location if message is None else location | {"message": {"text": message}}

    def _artifact(self, file: str) -> dict[str, Any]:
        short = self._report.short(file)
        if short != file:
            return {"uri": Path(short).as_posix().replace(" ", "%20"), "uriBaseId": _ROOT}
        path = Path(file)
        return {"uri": path.as_uri() if path.is_absolute() else path.as_posix()}
