# SPDX-License-Identifier: MIT
"""What an audit tells on the terminal: each race in full, then all of it in a few lines."""

from __future__ import annotations

from owned._audit import _exposure
from owned._audit._findings import Access, Certainty, Race, State, Status
from owned._audit._report import Report, excerpt
from owned._screen import Screen

_LABEL_WIDTH = 10
_CALLERS = 3
_IN_FULL = 50
_NAMED = 8
_BAD = (State.UNPROTECTED, State.LUCKY)


def tell(report: Report, screen: Screen, *, quiet: bool = False, with_map: bool = False) -> str:
    """The text, with a line end; empty if there is nothing to say.

    Args:
        report: what to tell.
        screen: how wide it is, and in which colours.
        quiet: whether to say nothing where nothing new was found.
        with_map: whether to tell the whole map of exposure.
    """
    return _Teller(report, screen).tell(quiet=quiet, with_map=with_map)


def story(report: Report, race: Race, screen: Screen) -> str:
    """One race in full."""
    return _Teller(report, screen).story(race)


def summary(report: Report, screen: Screen) -> str:
    """All of it in a few lines."""
    return _Teller(report, screen).summary()


class _Teller:
    def __init__(self, report: Report, screen: Screen) -> None:
        self._report = report
        self._findings = report.findings
        self._screen = screen
        self._paint = screen.paint

    def tell(self, *, quiet: bool, with_map: bool) -> str:
        new = [race for race in self._report.order() if race.status is Status.NEW]
        if quiet and not new and self._findings.complete:
            return ""
        parts = [self.story(race) for race in new[:_IN_FULL]]
        if len(new) > _IN_FULL:
            parts.append(f"{self._prefix()} {len(new) - _IN_FULL:,} more races: --html or --json have them all")
        if with_map:
            parts.append(self._map())
        parts.append(self.summary())
        return "\n".join(parts) + "\n"

    def _prefix(self) -> str:
        process = f" (process {self._report.process})" if self._report.process is not None else ""
        return self._paint(f"owned{process}:", "title")

    # ---- one race ----------------------------------------------------------------------------------------------------

    def story(self, race: Race) -> str:
        """Where, what, who, why, the way out."""
        kind = self._paint(f"{race.certainty} race", "bad" if race.certainty is Certainty.CERTAIN else "hint")
        lines = [f"{self._prefix()} {kind} on {self._paint(race.variable.words, 'title')}"]
        lines += self._access("first", race.first, shows_source=True)
        lines += self._access("then", race.second, shows_source=not self._report.same_place(race))
        lines += self._row("object", self._made(race))
        lines += self._row("why", self._report.why(race))
        if race.count > 1:
            lines += self._row("seen", f"{race.count:,} times")
        lines += self._row("in test", ", ".join(race.tests[:_NAMED]))
        lines += self._row("way out", race.remedy)
        return "\n".join(lines) + "\n"

    def _row(self, label: str, text: str) -> list[str]:
        if not text:
            return []
        body = self._screen.wrap(text, 2 + _LABEL_WIDTH) if self._screen.is_terminal else text
        return [f"  {self._paint(label.ljust(_LABEL_WIDTH), 'dim')}{body}"]

    def _access(self, label: str, access: Access, *, shows_source: bool) -> list[str]:
        thread = self._findings.thread_name(access.thread)
        who = f"thread {thread!r} {access.verb} it, {self._report.held_words(access.locks)}"
        place = f"{self._report.where(access.place)} in {access.place.function}"
        lines = self._row(label, f"{place}: {who}")
        if shows_source:
            lines += self._source(access)
        callers = [
            f"{self._report.where(caller)} in {caller.function}"
            for caller in self._report.callers(access.stack, _CALLERS)
        ]
        return lines + self._row("", "called from " + ", ".join(callers) if callers else "")

    def _source(self, access: Access) -> list[str]:
        found = excerpt(access.place, 1 if self._screen.is_terminal else 0)
        if found is None:
            return []
        bar = "│" if self._screen.can_draw else "|"
        lines = []
        for number, text in enumerate(found[1], found[0]):
            if number == access.place.line:
                sign = self._paint(">", "bad")
                lines.append(f"  {sign} {number:>5} {bar} {self._paint(text, 'title')}")
            else:
                lines.append(self._paint(f"    {number:>5} {bar} {text}", "dim"))
        return lines

    def _made(self, race: Race) -> str:
        if not race.made:
            return ""
        by = f", by thread {race.maker!r}" if race.maker else ""
        return f"made at {self._report.where(race.made[0])} in {race.made[0].function}{by}"

    # ---- all of it ---------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """The counts, each race in a line, and the sums of the map."""
        lines = [f"{self._prefix()} {self._headline()}"]
        if self._report.ending:
            lines.append(f"  {self._report.ending}")
        races = self._report.order()
        places = [self._places(race) for race in races[:_IN_FULL]]
        width = max(map(len, places), default=0)
        for race, place in zip(races, places, strict=False):
            word = race.certainty if race.status is Status.NEW else race.status
            style = "bad" if race.counts else "dim" if race.status is not Status.NEW else "hint"
            reason = f": {race.reason}" if race.reason else ""
            lines.append(
                f"  {self._paint(f'{word:<9}', style)} {self._paint(place.ljust(width), 'site')}  "
                f"{race.variable.short}{reason}"
            )
        for label, text in self._exposure_lines():
            lines += self._row(label, text)
        lines += [line for note in self._findings.notes for line in self._row("note", note)]
        return "\n".join(lines)

    def _headline(self) -> str:
        counts = {
            "certain race": sum(race.counts for race in self._findings.races),
            "possible race": sum(
                race.status is Status.NEW and race.certainty is Certainty.POSSIBLE for race in self._findings.races
            ),
        }
        told = [
            self._paint(f"{count:,} {noun}{'s' if count > 1 else ''}", "bad" if noun.startswith("c") else "hint")
            for noun, count in counts.items()
            if count
        ]
        for status, word in ((Status.KNOWN, "known from the baseline"), (Status.ALLOWED, "allowed by a comment")):
            if count := sum(race.status is status for race in self._findings.races):
                told.append(f"{count:,} {word}")
        if not any(counts.values()):
            told.insert(0, self._paint("no new races" if told else "no races", "good"))
        return ", ".join(told)

    def _places(self, race: Race) -> str:
        one, other = (self._report.where(access.place) for access in race.accesses)
        return one if one == other else f"{one} and {other}"

    def _exposure_lines(self) -> list[tuple[str, str]]:
        findings = self._findings
        counts = _exposure.tally(findings)
        lines = []
        if counts:
            total = sum(count for _, count in counts)
            told = ", ".join(f"{count:,} {state}" for state, count in counts)
            lines.append(("exposed", f"{total:,} variables: {told}"))
        elif findings.complete and not findings.races:
            lines.append(("exposed", "nothing: only one thread ran at a time, or no audited code ran on two"))
        if names := _exposure.freezable(findings):
            lines.append(("freeze", f"could be frozen: {_listed(names)}"))
        if idle := _exposure.idle_locks(findings):
            names = [self._report.lock_name(lock) for lock in idle]
            lines.append(("locks", f"protected nothing that two threads touched: {_listed(names)}"))
        if findings.forgotten:
            lines.append(
                (
                    "memory",
                    f"{findings.forgotten:,} variables were forgotten to stay below --memory: races may be missed",
                )
            )
        return lines

    def _map(self) -> str:
        lines = [f"{self._prefix()} map of exposure"]
        for entry in _exposure.entries(self._findings):
            style = "bad" if entry.state in _BAD else "title"
            made = entry.exposures[0].made
            where = f" made at {self._report.where(made[0])}" if made else ""
            lines.append(f"  {self._paint(f'{entry.state:<15}', style)} {entry.name}{where}")
            for one in entry.exposures:
                if not one.variable.name:
                    continue
                locks = f", {self._report.held_words(one.locks)}" if one.state is State.LOCKED else ""
                lines.append(f"    {self._paint(f'{one.state:<15}', 'dim')} .{one.variable.name}{locks}")
        return "\n".join(lines) + "\n"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
