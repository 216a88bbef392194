# SPDX-License-Identifier: MIT
"""Makes findings of what the detector tells: see the top of _detector.pyi for the shape of its tuples."""

from __future__ import annotations

import itertools
import linecache
import threading
from collections.abc import Iterable, Sequence
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
from owned._records import HERE

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
            locks=tuple(lock for lock in map(lock_of, uses) if not _is_ours(lock)),
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


def merge(findings: Sequence[Findings]) -> Findings:
    """One out of those of several processes that audited parts of the same: each has numbers of its own.

    Args:
        findings: at least one.
    """
    parts = []
    threads = locks = 0
    for one in findings:
        part = _Renumbering(one, threads, locks).findings()
        threads += len(part.threads)
        locks += len(part.locks)
        parts.append(part)
    whole = Findings(
        threads=tuple(thread for part in parts for thread in part.threads),
        locks=tuple(lock for part in parts for lock in part.locks),
        exposures=tuple(_merged([one for part in parts for one in part.exposures])),
        forgotten=sum(part.forgotten for part in parts),
        complete=all(part.complete for part in parts),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )
    return complete([race for part in parts for race in part.races], whole)


class _Renumbering:
    """The same findings with threads and locks numbered from other numbers on."""

    def __init__(self, findings: Findings, threads: int, locks: int) -> None:
        self._findings = findings
        self._threads = {one.number: number for number, one in enumerate(findings.threads, threads + 1)}
        self._locks = {one.number: number for number, one in enumerate(findings.locks, locks + 1)}

    def findings(self) -> Findings:
        found = self._findings
        return attrs.evolve(
            found,
            races=tuple(
                attrs.evolve(race, first=self._access(race.first), second=self._access(race.second))
                for race in found.races
            ),
            threads=tuple(attrs.evolve(one, number=self._threads[one.number]) for one in found.threads),
            locks=tuple(
                attrs.evolve(one, number=self._locks[one.number], threads=self._of_threads(one.threads))
                for one in found.locks
            ),
            exposures=tuple(
                attrs.evolve(one, threads=self._of_threads(one.threads), locks=self._of_locks(one.locks))
                for one in found.exposures
            ),
        )

    def _access(self, access: Access) -> Access:
        return attrs.evolve(access, thread=self._of_threads((access.thread,))[0], locks=self._of_locks(access.locks))

    def _of_threads(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(self._threads.get(number, 0) for number in numbers)

    def _of_locks(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(self._locks.get(abs(number), 0) * (-1 if number < 0 else 1) for number in numbers)


def _merged(exposures: Iterable[Exposure]) -> Iterable[Exposure]:
    """Those of one variable as one. A lock guards it in all processes only if it did so in each that shared it."""
    known: dict[tuple[object, ...], Exposure] = {}
    for one in exposures:
        key = (one.variable, one.made[:1])
        before = known.get(key)
        if before is None:
            known[key] = one
            continue
        shared = [part for part in (before, one) if part.shared]
        known[key] = attrs.evolve(
            before,
            objects=before.objects + one.objects,
            shared=before.shared + one.shared,
            threads=(*before.threads, *one.threads),
            reads=before.reads + one.reads,
            writes=before.writes + one.writes,
            initial=before.initial + one.initial,
            locks=tuple(lock for part in shared for lock in part.locks) if all(part.locks for part in shared) else (),
            ordered_by=tuple(sorted({*before.ordered_by, *one.ordered_by})),
            races=before.races + one.races,
            possible=before.possible + one.possible,
        )
    return known.values()


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


def _is_ours(lock: Lock) -> bool:
    """Whether it was made by what runs the program, and not by the program."""
    return bool(lock.made) and lock.made[0].file.startswith(HERE)


def lock_of(told: _detector.LockUse) -> Lock:
    """A lock as the detector tells it."""
    number, kind, name, made, takings, threads, guarded = told
    return Lock(number, kind, name, _maker(made), takings, tuple(thread[0] for thread in threads), guarded)


def _maker(stack: _detector.Stack) -> tuple[Place, ...]:
    """The places of a stack without those that make a lock for the program: in `Condition`, in code without a file."""
    places = _places(stack)
    return tuple(itertools.dropwhile(_is_between, places)) or places


def _is_between(place: Place) -> bool:
    return place.file.startswith("<") or (place.file == threading.__file__ and place.function == "Condition.__init__")


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
    """The places of a stack without those that run the program."""
    return tuple(map(_place, [frame for frame in stack if not frame[0].startswith(HERE)] or stack))


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
