# SPDX-License-Identifier: MIT
"""What was made of each race by hand: known.toml.

An entry is for all races of a module whose variable and functions match; the first that matches counts. Its keys:

    module       its name
    variable     as the results have it, with ``*`` and ``?`` for what differs
    functions    one of the two functions, likewise; without it: any
    sharing      where it was found: "module", "object", "promised" or "tests"; without it: anywhere but
                 "object", where races are by contract. "by hand" for what the run has to leave out
    verdict      "true": something is lost, wrong or raised; "harmless": nothing a program could see goes wrong;
                 "contract": the caller must lock, as the documentation says or as for any object that is not made to be
                 shared; "false": no race at all, the audit is mistaken
    why          in a sentence or two
    upstream     numbers of CPython's issues, "bpo-1" for one of the old tracker; [] where a search found none
    reproducer   file in docs/stdlib-audit, for true ones
"""

from __future__ import annotations

import fnmatch
import functools
import tomllib
from pathlib import Path
from typing import Any

import attrs

from benchmarks.stdlib import driver

FILE = Path(__file__).with_name("known.toml")
TRUE, HARMLESS, CONTRACT, FALSE, UNJUDGED = VERDICTS = ("true", "harmless", "contract", "false", "unjudged")


BY_HAND = "by hand"


@attrs.frozen
class Known:
    """One entry."""

    module: str
    variable: str
    verdict: str = attrs.field(validator=attrs.validators.in_(VERDICTS[:-1]))
    why: str
    functions: str = "*"
    sharing: str = "*"
    upstream: tuple[int | str, ...] = attrs.field(default=(), converter=tuple)
    reproducer: str = ""

    def matches(self, module: str, race: dict[str, Any]) -> bool:
        """Is it about this race?"""
        return (
            self.module == module
            and self.sharing != BY_HAND
            and (self.sharing == race["sharing"] or (self.sharing == "*" and race["sharing"] != driver.OBJECT))
            and fnmatch.fnmatchcase(race["variable"], _literal(self.variable))
            and any(fnmatch.fnmatchcase(function, self.functions) for function in race["functions"])
        )


def _literal(pattern: str) -> str:
    return pattern.replace("[", "[[]")


BY_DEFAULT = Known("", "*", CONTRACT, "nothing promises that threads may share such an object: the caller must lock")
NOT_JUDGED = Known("*", "*", HARMLESS, "nobody has looked at it")


@functools.cache
def entries() -> tuple[Known, ...]:
    """All of them."""
    return tuple(Known(**entry) for entry in tomllib.loads(FILE.read_text(encoding="utf-8")).get("race", ()))


def by_hand(module: str) -> tuple[Known, ...]:
    """What was found without a run."""
    return tuple(entry for entry in entries() if entry.module == module and entry.sharing == BY_HAND)


def judge(module: str, race: dict[str, Any]) -> tuple[str, Known]:
    """The verdict on a race, and the entry that says so."""
    for entry in entries():
        if entry.matches(module, race):
            return entry.verdict, entry
    if race["sharing"] == driver.OBJECT:
        return CONTRACT, BY_DEFAULT
    return UNJUDGED, NOT_JUDGED
