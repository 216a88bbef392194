# SPDX-License-Identifier: MIT
"""The report as one HTML file that needs nothing else.

What it shows of the program goes through `owned._page`, and the page's policy forbids it to load or send anything. All
that matters is HTML when it is written; the script adds finding, and bringing out a node of the graph.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import IO

from owned import _page
from owned._audit import _exposure, _graph, _json
from owned._audit._exposure import Entry
from owned._audit._findings import Access, Certainty, Exposure, Lock, Place, Race, State, Status
from owned._audit._report import Report, excerpt
from owned._report_data import is_library

BADGES = {
    State.UNPROTECTED: "bad",
    State.LUCKY: "warn",
    State.LOCKED: "good",
    State.ATOMIC: "",
    State.HANDED_OVER: "good",
    State.READ_SHARED: "good",
    State.PRIVATE: "",
}
"""The colour of each state."""

_RACES = 500
_LONG = 60
"""From this race on, callers are shown without their source: nobody reads that far, and the file stays small."""
_ROWS = 1000
_NAMES = 6


def write(file: IO[str], report: Report, exit_status: int | None) -> None:
    """Write a report.

    Args:
        file: where to, as UTF-8.
        report: what to show.
        exit_status: of the process, for the data in the page.
    """
    file.write(_page.fill("owned._audit", "_page.html", _Sheet(report, exit_status).parts()))


class _Sheet:
    """The parts of the template."""

    def __init__(self, report: Report, exit_status: int | None) -> None:
        self._report = report
        self._findings = report.findings
        self._exit_status = exit_status
        self._races = report.order()
        self._entries = _exposure.entries(report.findings)

    def parts(self) -> dict[str, str]:
        """What stands for each place of the template."""
        return {
            "title": _page.text(self._report.title),
            "verdict": self._verdict(),
            "about": self._about(),
            "notes": self._notes(),
            "numbers": self._numbers(),
            "contents": self._contents(),
            "races": self._race_list(),
            "graph": self._graph(),
            "map": self._map(),
            "locks": self._locks(),
            "data": _page.script_json(_json.document(self._report, self._exit_status)),
        }

    # ---- the head ----------------------------------------------------------------------------------------------------

    def _verdict(self) -> str:
        certain = len(self._findings.failing)
        new = sum(race.status is Status.NEW for race in self._races)
        if certain:
            told = _page.number(certain, "certain race")
            more = f' <span class="from">and {new - certain:,} possible</span>' if new > certain else ""
            return f'<p class="verdict bad"><span aria-hidden="true">✕</span> {told}{more}</p>'
        if new:
            return f'<p class="verdict"><span aria-hidden="true">?</span> {_page.number(new, "possible race")}</p>'
        words = "No new races" if self._races else "No races"
        return f'<p class="verdict good"><span aria-hidden="true">✓</span> {words}</p>'

    def _about(self) -> str:
        items = [
            time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self._report.started)),
            _page.duration(self._report.duration * 1e9),
            f"Python {self._report.python}",
            f"owned {self._report.version}",
        ]
        if self._report.process is not None:
            items.append(f"process {self._report.process}")
        return "".join(f"<li>{_page.text(item)}</li>" for item in items)

    def _notes(self) -> str:
        notes = [self._report.ending, *self._findings.notes]
        if self._findings.forgotten:
            notes.append(
                f"{self._findings.forgotten:,} variables were forgotten to stay below the bound on memory: "
                "races may be missed."
            )
        return "".join(f'<p class="ending">{_page.prose(note)}</p>' for note in notes if note)

    def _numbers(self) -> str:
        findings = self._findings
        silent = sum(race.status is not Status.NEW for race in self._races)
        shared = sum(one.shared > 0 for one in findings.exposures)
        tiles = [
            ("shared variables", f"{shared:,}", f"of {len(findings.exposures):,}"),
            ("threads", f"{len(findings.threads):,}", ""),
            ("locks", f"{len(findings.locks):,}", ""),
            ("known or allowed", f"{silent:,}", ""),
        ]
        return "".join(
            f"<div><dt>{label}</dt><dd>{value} <small>{more}</small></dd></div>" for label, value, more in tiles
        )

    def _contents(self) -> str:
        parts: list[tuple[str, str, int | None]] = [
            ("races", "Races", len(self._races)),
            ("graph", "Graph", None),
            ("map", "Map of exposure", len(self._findings.exposures)),
            ("locks", "Locks", len(self._findings.locks)),
        ]
        return "".join(
            f'<li><a href="#{name}">{title}'
            + ("" if count is None else f' <span class="tally">{count:,}</span>')
            + "</a></li>"
            for name, title, count in parts
        )

    # ---- races -------------------------------------------------------------------------------------------------------

    def _race_list(self) -> str:
        if not self._races:
            return '<p class="empty">Where two threads touched a variable and one wrote it, something lay between.</p>'
        kinds = Counter(kind for race in self._races for kind in _kinds(race).split())
        options = "".join(f'<option value="{kind}">{kind} ({count})</option>' for kind, count in kinds.items())
        form = (
            '<form class="filter needs-script" role="search" aria-label="Find races">'
            '<label><span>Find</span> <input type="search" id="find" autocomplete="off" '
            'placeholder="file, function, variable, thread"></label>'
            f'<label><span>Kind</span> <select id="kind"><option value="">all</option>{options}</select></label>'
            '<output id="found" aria-live="polite"></output></form>'
        )
        articles = "\n".join(self._race(race, number) for number, race in enumerate(self._races[:_RACES], 1))
        return form + articles + _page.left_out(len(self._races) - _RACES if len(self._races) > _RACES else 0, "races")

    def _race(self, race: Race, number: int) -> str:
        style = "" if race.counts else "warn" if race.status is Status.NEW else "quiet"
        badge = {"": "bad", "warn": "warn", "quiet": ""}[style]
        word = race.certainty if race.status is Status.NEW else f"{race.certainty}, {race.status}"
        times = "" if race.count == 1 else f'<span class="times">{race.count:,} times</span>'
        places = [self._report.where(access.place) for access in race.accesses]
        where = " and ".join(dict.fromkeys(f'<code class="place">{_page.breakable(place)}</code>' for place in places))
        return (
            f'<article class="violation {style}" id="race-{number}" data-kind="{_kinds(race)}" '
            f'data-words="{_page.text(self._words(race).lower())}"><details{" open" if number == 1 else ""}>'
            f'<summary><span class="number" aria-label="race {number}">{number}</span>'
            f'<span class="head"><span class="headline">{_page.breakable(race.variable.words)}</span> '
            f'<span class="where">{where}</span></span>'
            f'<span class="badges"><span class="badge {badge}">{word}</span>{times}</span></summary>'
            f'<div class="body"><div class="stacks">{self._access("first", race.first, number)}'
            f"{self._access('then', race.second, number)}</div>{self._facts(race)}</div></details></article>"
        )

    def _words(self, race: Race) -> str:
        names = [race.variable.words, *race.tests]
        for access in race.accesses:
            names += [self._report.where(access.place), access.place.function, self._thread(access)]
        return " ".join(names)

    def _thread(self, access: Access) -> str:
        return self._findings.thread_name(access.thread)

    def _access(self, order: str, access: Access, number: int) -> str:
        source = self._source(access.place)
        callers = self._callers(access.stack[1:], with_source=number <= _LONG)
        return (
            f'<section class="access"><h4><span class="order">{order}</span> thread {_page.text(self._thread(access))} '
            f"{_page.text(access.verb)} it in <code>{_page.breakable(access.place.function)}</code>"
            f'<span class="held">{_page.text(self._report.held_words(access.locks))}</span></h4>'
            f'{source or self._place(access.place)}<ol class="stack">{callers}</ol></section>'
        )

    def _place(self, place: Place) -> str:
        return _page.place(self._report.shown(place.file), place.line, place.function)

    def _source(self, place: Place, around: int = 4) -> str:
        found = excerpt(place, around)
        if found is None:
            return ""
        name = f"source of {self._report.shown(place.file)} around line {place.line}"
        return _page.source_view(found[1], found[0], place.line, name)

    def _callers(self, stack: Iterable[Place], *, with_source: bool) -> str:
        sites = [{"file": place.file, "place": place} for place in stack]
        rows = []
        for in_library, frames in _page.runs(sites):
            if in_library:
                inner = "".join(f"<li>{self._place(frame['place'])}</li>" for frame in frames)
                rows.append(
                    f'<li class="library"><details><summary>{_page.number(len(frames), "call")} in libraries</summary>'
                    f"<ol>{inner}</ol></details></li>"
                )
                continue
            for frame in frames:
                caller: Place = frame["place"]
                source = f'<code class="source">{_page.text(caller.source)}</code>' if caller.source else ""
                view = self._source(caller, 2) if with_source and not is_library(caller.file) else ""
                shown = f"from {self._place(caller)}{source}"
                rows.append(
                    f"<li><details><summary>{shown}</summary>{view}</details></li>"
                    if view
                    else f'<li class="bare">{shown}</li>'
                )
        return "".join(rows)

    def _facts(self, race: Race) -> str:
        made = ""
        if race.made:
            by = f", by thread <b>{_page.text(race.maker)}</b>" if race.maker else ""
            source = f'<code class="source">{_page.text(race.made[0].source)}</code>'
            made = f"made at {self._place(race.made[0])}{by}{source}"
        rows = [
            ("object", made),
            ("why", _page.text(self._report.why(race))),
            ("way out", f'<span class="advice">{_page.prose(race.remedy)}</span>' if race.remedy else ""),
            (str(race.status), _page.text(race.reason)),
            ("in test", _page.listed([f"<code>{_page.breakable(test)}</code>" for test in race.tests], _NAMES)),
        ]
        return (
            '<dl class="facts">'
            + "".join(f"<div><dt>{label}</dt><dd>{value}</dd></div>" for label, value in rows if value)
            + "</dl>"
        )

    # ---- the graph ---------------------------------------------------------------------------------------------------

    def _graph(self) -> str:
        graph = _graph.Graph.of(self._report, self._races, BADGES)
        if not graph.variables:
            return '<p class="empty">No variable was touched by two threads.</p>'
        return (
            '<figure class="graph" aria-labelledby="graph-caption"><figcaption id="graph-caption">Which threads '
            f"touched which variables, and which locks were held at every access. {graph.words}</figcaption>"
            f'<div class="scroll" tabindex="0" role="region" aria-label="graph, scrolls sideways">{graph.draw()}</div>'
            '<p class="dim keys"><b>Red</b>: a certain race. <b>Amber</b>: a possible one. '
            "<b>Green</b>: a lock that was held at every access. <b>Dashed</b>: held at one of the two accesses of a "
            "race. The table below says the same."
            f"</p></figure>{_page.left_out(graph.hidden, 'shared variables, which need nothing')}"
        )

    # ---- the map -----------------------------------------------------------------------------------------------------

    def _map(self) -> str:
        if not self._entries:
            why = (
                "The process died before it could be written."
                if not self._findings.complete
                else "No audited code ran while there was more than one thread."
            )
            return f'<p class="empty">There is none. {why}</p>'
        states = "".join(
            f'<dt><span class="count">{count:,}</span><span><span class="badge {BADGES[state]}">{state}</span></span>'
            f"</dt><dd>{_exposure.MEANING[state]}</dd>"
            for state, count in _exposure.tally(self._findings)
        )
        options = "".join(
            f'<option value="{state.replace(" ", "-")}">{state}</option>'
            for state, _ in _exposure.tally(self._findings)
        )
        form = (
            '<form class="filter needs-script" role="search" aria-label="Find in the map">'
            '<label><span>Find</span> <input type="search" id="find-map" autocomplete="off" '
            'placeholder="class, module, function, variable"></label>'
            f'<label><span>State</span> <select id="state"><option value="">all</option>{options}</select></label>'
            '<output id="found-map" aria-live="polite"></output></form>'
        )
        bodies, rows = [], 0
        for entry in self._entries:
            if rows > _ROWS:
                break
            rows += len(entry.exposures)
            bodies.append(self._entry(entry))
        columns = ("Variable", "State", "Threads", "Reads", "Writes", "Kept apart by")
        head = "".join(
            f'<th scope="col"{" class=figure" if column in ("Threads", "Reads", "Writes") else ""}>{column}</th>'
            for column in columns
        )
        caption = "Counted once a second thread has touched it, once per thread between two synchronisations"
        return (
            f'<dl class="states">{states}</dl>{self._hints()}{form}'
            f'<div class="table" tabindex="0" role="region" aria-label="map of exposure"><table class="map">'
            f"<caption>{caption}</caption><thead><tr>{head}</tr></thead>{''.join(bodies)}</table></div>"
            + _page.left_out(len(self._entries) - len(bodies), "classes, modules and functions")
        )

    def _hints(self) -> str:
        hints = []
        if names := _exposure.freezable(self._findings):
            told = _page.listed([f"<code>{_page.breakable(name)}</code>" for name in names], 20)
            hints.append(
                f"<p><b>Could be frozen:</b> {told}. They were shared, and not written once they were made.</p>"
            )
        if idle := _exposure.idle_locks(self._findings):
            told = _page.listed([_page.breakable(self._report.lock_name(lock)) for lock in idle], 20)
            hints.append(
                f"<p><b>Locks that kept nobody apart:</b> {told}. Nothing that two threads touched was guarded "
                "by them.</p>"
            )
        return f'<div class="hints">{"".join(hints)}</div>' if hints else ""

    def _entry(self, entry: Entry) -> str:
        made = entry.exposures[0].made
        where = f' <span class="dim">made at {_page.breakable(self._report.where(made[0]))}</span>' if made else ""
        frozen = ' <span class="badge good">could be frozen</span>' if entry.could_be_frozen else ""
        kind = {"attribute": "class", "class attribute": "class", "global": "module", "closure": "function"}.get(
            entry.kind, ""
        )
        label = f'<span class="dim">{kind}</span> ' if kind else ""
        words = " ".join(
            [entry.name, *(one.variable.name for one in entry.exposures), *map(self._report.where, made[:1])]
        )
        states = {one.state.replace(" ", "-"): None for one in entry.exposures}
        rows = "".join(map(self._exposed, entry.exposures))
        return (
            f'<tbody data-kind="{" ".join(states)}" data-words="{_page.text(words.lower())}"><tr>'
            f'<th scope="rowgroup" colspan="6">{label}{_page.breakable(entry.name)}{where}{frozen}</th></tr>'
            f"{rows}</tbody>"
        )

    def _exposed(self, one: Exposure) -> str:
        name = one.variable.name or "as a whole"
        by = [_page.breakable(self._report.lock_words(number)) for number in one.locks]
        if not by and one.shared:
            by = [_page.text(how) for how in one.ordered_by if how != "nothing"]
        return (
            f'<tr><th scope="row">{_page.breakable(name)}</th>'
            f'<td><span class="badge {BADGES[one.state]}">{one.state}</span></td>'
            f'<td class="figure">{len(one.threads):,}</td><td class="figure">{one.reads:,}</td>'
            f'<td class="figure">{one.writes:,}</td><td>{", ".join(by) or "&ndash;"}</td></tr>'
        )

    # ---- locks -------------------------------------------------------------------------------------------------------

    def _locks(self) -> str:
        if not self._findings.locks:
            return '<p class="empty">No lock was seen.</p>'
        locks = sorted(self._findings.locks, key=lambda lock: (-lock.guarded, -lock.takings, lock.number))
        idle = set(_exposure.idle_locks(self._findings))
        rows = "".join(self._lock(lock, lock in idle) for lock in locks[:_ROWS])
        columns = ("Lock", "Kind", ("Taken", "figure"), ("Variables guarded", "figure"), "By")
        return _page.table(
            "Locks, and how many shared variables each was held for at every access", columns, [rows]
        ) + (_page.left_out(max(len(locks) - _ROWS, 0), "locks"))

    def _lock(self, lock: Lock, is_idle: bool) -> str:
        made = f' <span class="dim">{_page.breakable(self._report.where(lock.made[0]))}</span>' if lock.made else ""
        guarded = '<span class="badge warn">none</span>' if is_idle else f"{lock.guarded:,}"
        who = _page.listed([_page.text(self._findings.thread_name(number)) for number in lock.threads], _NAMES)
        return (
            f'<tr><th scope="row">{_page.breakable(lock.name)}{made}</th><td>{_page.text(lock.kind)}</td>'
            f'<td class="figure">{lock.takings:,}</td><td class="figure">{guarded}</td><td>{who or "&ndash;"}</td></tr>'
        )


def _kinds(race: Race) -> str:
    return f"{race.status} {race.certainty}" if race.certainty is not Certainty.CERTAIN else f"{race.status} certain"
