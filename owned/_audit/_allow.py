# SPDX-License-Identifier: MIT
"""``# owned: allow(reason)``: a race that somebody has looked at, and found harmless.

The comment stands at the end of a line of one of the two accesses, or alone on the line above. It needs a reason: one
without is not honoured, and the report says so.
"""

from __future__ import annotations

import io
import linecache
import re
import tokenize

import attrs

from owned._audit._findings import Findings, Place, Race, Status

_COMMENT = re.compile(r"#\s*owned:\s*allow\b\s*(?:\((?P<reason>.*)\))?")


def judge(findings: Findings) -> Findings:
    """The findings with the races marked that a comment allows; a note for each comment without a reason."""
    files: dict[str, dict[int, str]] = {}
    notes = dict.fromkeys(findings.notes)
    races = []
    for race in findings.races:
        reason = None
        for access in race.accesses:
            place = access.place
            if place.file not in files:
                files[place.file] = comments(place.file)
            at, found = _at(place, files[place.file])
            if found:
                reason = reason or found
            elif found is not None:
                notes[f"{place.file}:{at}: `# owned: allow` needs a reason: `# owned: allow(why it is harmless)`"] = (
                    None
                )
        races.append(race if reason is None else _allowed(race, reason))
    return attrs.evolve(findings, races=tuple(races), notes=tuple(notes))


def comments(file: str) -> dict[int, str]:
    """The reasons in a file by the lines that they are for; an empty one where the comment has none."""
    lines = linecache.getlines(file)
    if not any("owned:" in line for line in lines):
        return {}
    found = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO("".join(lines)).readline):
            if token.type == tokenize.COMMENT and (match := _COMMENT.match(token.string)):
                alone = not token.line[: token.start[1]].strip()
                found[token.start[0] + alone] = (match["reason"] or "").strip()
    except (tokenize.TokenError, SyntaxError):
        pass  # the rest of the file is not Python, so nothing in it was audited
    return found


def _at(place: Place, reasons: dict[int, str]) -> tuple[int, str | None]:
    for line in range(place.line, (place.end_line or place.line) + 1):
        if line in reasons:
            return line, reasons[line]
    return place.line, None


def _allowed(race: Race, reason: str) -> Race:
    return attrs.evolve(race, status=Status.ALLOWED, reason=reason)
