# SPDX-License-Identifier: MIT
"""The map of exposure: what each class, global and closure variable needs, as far as the run showed it."""

from __future__ import annotations

from collections import Counter

import attrs

from owned._audit._findings import Exposure, Findings, Kind, Lock, State

MEANING = {
    State.PRIVATE: "only one thread at a time ever knew it: it needs no protection",
    State.READ_SHARED: "several threads read it, and nobody wrote it any more: it needs no lock",
    State.HANDED_OVER: "several threads touched it in turn: a start, a join, a queue or an event lay between",
    State.ATOMIC: "several threads changed it by calls that CPython makes in one step, such as append",
    State.LOCKED: "one lock was held at every access",
    State.LUCKY: "only the order in which locks happened to be taken kept two accesses apart",
    State.UNPROTECTED: "nothing kept two accesses apart, and one of them was a write",
}
"""The states from the best to the worst, and what each says."""

_ORDER = list(MEANING)


@attrs.frozen
class Entry:
    """One line of the map: a class, the variables of a module or function, or containers made at one place.

    Attributes:
        name: of the class, module or function; the type of a container.
        kind: what sort of variables it has.
        exposures: of its variables, the worst first.
    """

    name: str
    kind: Kind
    exposures: tuple[Exposure, ...]

    @property
    def state(self) -> State:
        """The worst of all."""
        return self.exposures[0].state

    @property
    def could_be_frozen(self) -> bool:
        """Whether its objects were shared, and never written once they were made, and are not what is frozen anyway.

        The names of builtin types are without a module: `type`, `function`, `bool`.
        """
        return (
            self.kind is Kind.ATTRIBUTE
            and "." in self.name
            and any(one.shared for one in self.exposures)
            and all(not one.writes and one.initial <= one.objects for one in self.exposures)
            and not any(one.races or one.possible for one in self.exposures)
        )


def entries(findings: Findings) -> list[Entry]:
    """The map: the worst first, then by name."""
    groups: dict[tuple[object, ...], list[Exposure]] = {}
    for one in findings.exposures:
        kind = Kind.ATTRIBUTE if one.variable.kind is Kind.CLASS_ATTRIBUTE else one.variable.kind
        where = (one.made[0].file, one.made[0].line) if one.made else ()
        groups.setdefault((kind, one.variable.owner, where), []).append(one)
    found = [
        Entry(
            ones[0].variable.owner,
            min((one.variable.kind for one in ones), key=list(Kind).index),
            tuple(sorted(ones, key=lambda one: (-_ORDER.index(one.state), one.variable.name))),
        )
        for ones in groups.values()
    ]
    return sorted(found, key=lambda entry: (-_ORDER.index(entry.state), entry.name))


def tally(findings: Findings) -> list[tuple[State, int]]:
    """How many variables are in each state, the worst first; states without any are left out."""
    counts = Counter(one.state for one in findings.exposures)
    return [(state, counts[state]) for state in reversed(_ORDER) if counts[state]]


def freezable(findings: Findings) -> list[str]:
    """The classes whose objects could be frozen."""
    return sorted({entry.name for entry in entries(findings) if entry.could_be_frozen})


def idle_locks(findings: Findings) -> list[Lock]:
    """The locks that were taken, and never kept two threads apart from anything that both touched."""
    needed = {abs(number) for race in findings.races for access in race.accesses for number in access.locks}
    needed |= {abs(number) for one in findings.exposures if one.shared for number in one.locks}
    return [lock for lock in findings.locks if lock.takings and not lock.guarded and lock.number not in needed]
