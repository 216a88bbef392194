# SPDX-License-Identifier: MIT
"""Makes findings of what the detector tells: see the top of _detector.pyi for the shape of its tuples."""

from __future__ import annotations

import linecache
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from owned._audit._findings import (
    Access,
    Certainty,
    Exposure,
    Findings,
    Kind,
    Lock,
    Place,
    Race,
    Thread,
    Variable,
)
from owned._audit._remedy import advise

if TYPE_CHECKING:
    from owned._audit import _detector


def gather() -> Findings:
    """What the detector has found since it was started; it may be running still, or have been stopped."""
    from owned._audit import _detector

    told = _detector.races()
    races = [race_of(one) for one in told]
    uses = _detector.locks()
    exposures = _detector.variables()
    threads = {1: "MainThread"}
    for number, name in (
        *(access[2] for one in told for access in (one[2], one[3])),
        *(thread for use in uses for thread in use[5]),
        *(thread for exposure in exposures for thread in exposure[6]),
    ):
        threads[number] = name
    return complete(
        races,
        Findings(
            threads=tuple(Thread(number, name) for number, name in sorted(threads.items())),
            locks=tuple(map(lock_of, uses)),
            exposures=tuple(map(_exposure, exposures)),
            forgotten=_detector.forgotten(),
        ),
    )


def complete(races: Iterable[Race], findings: Findings) -> Findings:
    """The findings with these races, those of one pair of places as one, each with its remedy."""
    known: dict[tuple[object, ...], Race] = {}
    for race in races:
        before = known.get(race.key)
        if before is None:
            known[race.key] = race
        else:  # one of the two was seen from another caller, or on another object
            surer = race if before.certainty is Certainty.POSSIBLE else before
            known[race.key] = attrs.evolve(
                surer, count=before.count + race.count, tests=tuple(dict.fromkeys([*before.tests, *race.tests]))
            )
    told = attrs.evolve(findings, races=tuple(known.values()))
    return attrs.evolve(told, races=tuple(attrs.evolve(race, remedy=advise(race, told)) for race in told.races))


def race_of(told: _detector.Race) -> Race:
    """A race as the detector tells it."""
    certain, variable, earlier, later, count = told
    sort, owner, name, _, _, made, maker = variable
    return Race(
        Certainty.CERTAIN if certain else Certainty.POSSIBLE,
        Variable(Kind(sort), owner, name),
        _access(earlier),
        _access(later),
        made=_places(made),
        maker=maker,
        count=count,
    )


def threads_of(told: _detector.Race) -> tuple[Thread, Thread]:
    """The two threads of a race."""
    return Thread(*told[2][2]), Thread(*told[3][2])


def _access(told: _detector.Access) -> Access:
    kind, operation, thread, locks, stack = told
    return Access(kind, operation, thread[0], _places(stack) or (Place("?", 0, "?"),), tuple(locks))


def lock_of(told: _detector.LockUse) -> Lock:
    """A lock as the detector tells it."""
    number, kind, name, made, takings, threads, guarded = told
    return Lock(number, kind, name, _places(made), takings, tuple(thread[0] for thread in threads), guarded)


def _exposure(told: _detector.Exposure) -> Exposure:
    sort, owner, name, made, objects, shared, threads, reads, writes, initial, locks, ordered_by, races, possible = told
    return Exposure(
        Variable(Kind(sort), owner, name),
        _places(made),
        objects,
        shared,
        tuple(thread[0] for thread in threads),
        reads,
        writes,
        initial,
        tuple(locks or ()),
        tuple(sorted(ordered_by)),
        races,
        possible,
    )


def _places(stack: _detector.Stack) -> tuple[Place, ...]:
    return tuple(map(_place, stack))


def _place(frame: _detector.Frame) -> Place:
    file, line, end_line, column, end_column, function = frame
    if column < 0 or end_column < 0:
        return Place(file, line, function)
    return Place(
        file, line, function, end_line, _characters(file, line, column), _characters(file, end_line, end_column)
    )


def _characters(file: str, line: int, column: int) -> int:
    """A column in characters: the compiler counts bytes."""
    return len(linecache.getline(file, line).encode()[:column].decode(errors="replace")) or column
