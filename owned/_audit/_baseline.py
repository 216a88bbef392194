# SPDX-License-Identifier: MIT
"""The baseline: a file, kept beside the sources, of races that are known and do not fail a run.

A race is recognised by its variable and the functions and lines of code of both accesses, not by line numbers: what is
added above does not make it new, and a change of the code itself does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from owned._audit._findings import Findings, Race, Status

_FORMAT = 1


def read(path: Path) -> dict[str, str]:
    """The fingerprints of the known races, each with its reason.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no baseline; the message says why.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is no baseline: {error}") from None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValueError(f'{path} is no baseline of this version: it should begin with "format": {_FORMAT}')
    try:
        return {str(race["id"]): str(race.get("reason", "")) for race in document["races"]}
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f'{path} is no baseline: each of its "races" needs an "id"') from None


def judge(findings: Findings, known: dict[str, str], root: str) -> Findings:
    """The findings with the races marked that the baseline knows."""
    return attrs.evolve(findings, races=tuple(_judged(race, known, root) for race in findings.races))


def _judged(race: Race, known: dict[str, str], root: str) -> Race:
    reason = known.get(race.fingerprint(root))
    if reason is None or race.status is not Status.NEW:
        return race
    return attrs.evolve(race, status=Status.KNOWN, reason=reason)


def write(path: Path, races: Iterable[Race], root: str) -> int:
    """Write a baseline of these races, except those that a comment allows; reasons of an old one there are kept.

    Returns:
        How many there are in it.

    Raises:
        OSError: The file cannot be written.
        ValueError: There is another file of that name, and it is no baseline.
    """
    reasons = read(path) if path.exists() else {}
    entries: dict[str, dict[str, Any]] = {}
    for race in races:
        if race.status is Status.ALLOWED:
            continue
        id = race.fingerprint(root)
        entries[id] = {
            "id": id,
            "certainty": str(race.certainty),
            "variable": race.variable.family,
            "sites": [f"{file} in {function}: {source}" for file, function, source in sorted(race.sites(root))],
            "reason": reasons.get(id, ""),
        }
    ordered = sorted(entries.values(), key=lambda entry: (entry["sites"], entry["id"]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"format": _FORMAT, "races": ordered}, indent=2) + "\n", encoding="utf-8")
    return len(entries)
