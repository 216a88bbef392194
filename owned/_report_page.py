# SPDX-License-Identifier: MIT
"""Writes the document of `owned._report_data` as one HTML file that needs nothing else.

What is in the document comes from the program under test: names, messages, source lines. All of it goes through
`owned._page`, and the page's policy forbids it to load or send anything.

All that matters is HTML when it is written. The script adds what needs one: finding among many violations, and the
timeline, which it draws from the document that is embedded in the page.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import IO

import attrs

from owned import _page
from owned._records import Violation
from owned._report import whose_words
from owned._report_data import HOLDS_RECORDED, Document, nearest

_COLOURS = 8
_LONG = 60
"""From this violation on, callers are shown without their source: nobody reads that far, and the file stays small."""
_ROWS = 200


def write_page(file: IO[str], document: Document) -> None:
    """Write a report.

    Args:
        file: where to, as UTF-8.
        document: what ``Collector.document`` or ``merge`` gave.
    """
    file.write(_page.fill("owned", "_report_page.html", _Page(document).parts()))


@attrs.frozen
class _Entry:
    """One violation of the document, with its number on the page."""

    number: int
    facts: Violation
    more: Document


class _Page:
    """The parts of the template, made from a document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._root = document["root"]
        names = [field.name for field in attrs.fields(Violation)]
        self._entries = [
            _Entry(number, Violation.from_dict({name: entry[name] for name in names}), entry)
            for number, entry in enumerate(document["violations"], 1)
        ]
        self._holds = self._chosen_holds()
        self._names = self._thread_names()
        self._starts = {process["process"]: process["first_ns"] for process in document["processes"]}
        self._many = len(document["processes"]) > 1
        self._lock_names = {(lock["process"], lock["id"]): lock["name"] for lock in document["locks"]}

    def parts(self) -> dict[str, str]:
        """What stands for each place of the template."""
        return {
            "title": _page.text(self._document["title"]),
            "verdict": self._verdict(),
            "about": self._about(),
            "numbers": self._numbers(),
            "contents": self._contents(),
            "violations": self._violations(),
            "locks": self._locks(),
            "threads": self._threads(),
            "objects": self._objects(),
            "warnings": self._warnings(),
            "data": _page.script_json(self._data()),
        }

    # ---- facts -------------------------------------------------------------------------------------------------------

    def _chosen_holds(self) -> list[Document]:
        moments = [moment["ns"] for entry in self._entries for moment in entry.more["moments"]]
        return nearest(self._document["holds"], moments, HOLDS_RECORDED, lambda hold: hold["start_ns"])

    def _thread_names(self) -> dict[tuple[str, int], str]:
        """A name for each thread, with its number where the name alone says too little."""
        threads = self._document["threads"]
        often = Counter((thread["process"], thread["name"]) for thread in threads)
        return {
            (thread["process"], thread["id"]): thread["name"]
            + (f" #{thread['id']}" if often[thread["process"], thread["name"]] > 1 else "")
            for thread in threads
        }

    def _name(self, process: str, thread: int) -> str:
        """The name of a thread, which may be among those that were left out."""
        return self._names.get((process, thread), f"thread {thread}")

    def _colours(self) -> dict[tuple[str, int], int]:
        """A colour for each thread: those of one name share it; names that violate or hold locks most do not."""
        busy: Counter[str] = Counter()
        names = {(thread["process"], thread["id"]): thread["name"] for thread in self._document["threads"]}
        for entry in self._entries:
            for moment in entry.more["moments"]:
                busy[names.get((moment["process"], moment["thread"]), "")] += 1_000_000
        for hold in self._holds:
            busy[names.get((hold["process"], hold["thread"]), "")] += 1
        order = sorted(set(names.values()), key=lambda name: (-busy[name], name))
        colours = {name: index % _COLOURS for index, name in enumerate(order)}
        return {key: colours[name] for key, name in names.items()}

    def _short(self, file: str) -> str:
        return file.removeprefix(self._root)

    def _place(self, file: str, line: int, function: str) -> str:
        return _page.place(self._short(file), line, function)

    def _process(self, item: Document) -> str:
        return f' <span class="dim">in {_page.text(item["process"])}</span>' if self._many else ""

    # ---- the head ----------------------------------------------------------------------------------------------------

    def _verdict(self) -> str:
        total = sum(entry.more["count"] for entry in self._entries) + self._document["left_out"]["violations"]
        if not total:
            return '<p class="verdict good"><span aria-hidden="true">✓</span> No violations</p>'
        mistakes = _page.number(len(self._entries), "mistake")
        return (
            f'<p class="verdict bad"><span aria-hidden="true">✕</span> {_page.number(total, "violation")} '
            f'<span class="from">from {mistakes}</span></p>'
        )

    def _about(self) -> str:
        started = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self._document["started"]))
        items = [started, _page.duration(self._document["duration"] * 1e9), f"Python {self._document['python']}"]
        items.append(f"owned {self._document['owned']}")
        if self._many:
            items.append(_page.number(len(self._document["processes"]), "process", "processes"))
        return "".join(f"<li>{_page.text(item)}</li>" for item in items)

    def _numbers(self) -> str:
        tests = {test for entry in self._entries for test in entry.more["tests"]}
        run = self._document["tests_run"]
        tiles = [
            ("tests with violations", f"{len(tests):,}", f"of {run:,}" if run else ""),
            ("threads involved", f"{len(self._document['threads']):,}", ""),
            ("locks seen", f"{len(self._document['locks']):,}", ""),
            ("warnings", f"{sum(warning['count'] for warning in self._document['warnings']):,}", ""),
        ]
        return "".join(
            f"<div><dt>{label}</dt><dd>{value} <small>{more}</small></dd></div>" for label, value, more in tiles
        )

    def _contents(self) -> str:
        links = []
        for name, title, items in (
            ("violations", "Violations", self._entries),
            ("locks", "Locks and timeline", self._document["locks"]),
            ("threads", "Threads", self._document["threads"]),
            ("objects", "Objects", self._document["objects"]),
            ("warnings", "Warnings", self._document["warnings"]),
        ):
            links.append(f'<li><a href="#{name}">{title} <span class="tally">{len(items):,}</span></a></li>')
        return "".join(links)

    # ---- violations --------------------------------------------------------------------------------------------------

    def _violations(self) -> str:
        if not self._entries:
            return '<p class="empty">Every object was touched only by a thread that may.</p>'
        entries = "\n".join(map(self._violation, self._entries))
        return (
            self._filter()
            + entries
            + _page.left_out(self._document["left_out"]["violations"], "violations of other kinds")
        )

    def _filter(self) -> str:
        kinds = Counter(entry.facts.error for entry in self._entries)
        options = "".join(
            f'<option value="{_page.text(kind)}">{_page.text(kind)} ({count})</option>'
            for kind, count in kinds.most_common()
        )
        return (
            '<form class="filter needs-script" role="search" aria-label="Find violations">'
            '<label><span>Find</span> <input type="search" id="find" autocomplete="off" '
            'placeholder="file, function, test, thread"></label>'
            f'<label><span>Kind</span> <select id="kind"><option value="">all kinds</option>{options}</select></label>'
            '<output id="found" aria-live="polite"></output></form>'
        )

    def _violation(self, entry: _Entry) -> str:
        facts, more, number = entry.facts, entry.more, entry.number
        words = " ".join([facts.file, facts.function, _headline(facts), facts.error, *more["threads"], *more["tests"]])
        times = "" if more["count"] == 1 else f'<span class="times">{more["count"]:,} times</span>'
        return (
            f'<article class="violation" id="violation-{number}" data-kind="{_page.text(facts.error)}" '
            f'data-words="{_page.text(words.lower())}"><details{" open" if number == 1 else ""}>'
            f'<summary><span class="number" aria-label="violation {number}">{number}</span>'
            f'<span class="head"><span class="headline">{_page.breakable(_headline(facts))}</span> '
            f'<span class="where">{self._place(facts.file, facts.line, facts.function)}</span></span>'
            f'<span class="badges"><span class="kind">{_page.text(facts.error)}</span>{times}</span></summary>'
            f'<div class="body">{self._excerpt(entry, facts.file, facts.line)}{self._facts(entry)}'
            f"{self._stacks(entry)}{self._life(entry)}"
            '<details class="fold"><summary>The exception\'s message</summary>'
            f'<p class="message">{_page.prose(facts.message)}</p></details></div></details></article>'
        )

    def _facts(self, entry: _Entry) -> str:
        facts, more = entry.facts, entry.more
        record = more["record"]
        threads = ", ".join(f"<b>{_page.text(name)}</b>" for name in more["threads"][:8])
        if len(more["threads"]) > 8:
            threads += f" and {len(more['threads']) - 8:,} more"
        rows = [
            ("who", f"{'thread' if len(more['threads']) == 1 else 'threads'} {threads}"),
            ("whose", _page.text(whose_words(facts))),
            ("lock", self._lane(more["moments"])),
            ("since", "" if record is None else self._step(record["verb"], record) + self._source(entry, record)),
            ("way out", f'<span class="advice">{_page.prose(facts.advice)}</span>' if facts.advice else ""),
            ("when", self._when(entry)),
            ("held then", self._held_then(entry)),
            ("in test", _page.listed([f"<code>{_page.breakable(test)}</code>" for test in more["tests"]], 5)),
        ]
        return (
            '<dl class="facts">'
            + "".join(f"<div><dt>{label}</dt><dd>{value}</dd></div>" for label, value in rows if value)
            + "</dl>"
        )

    def _lane(self, moments: list[Document]) -> str:
        """What the timeline calls the lock of the first violation."""
        if not moments or moments[0]["lock"] is None:
            return ""
        return f"<b>{_page.text(self._lock_names[moments[0]['process'], moments[0]['lock']])}</b> in the timeline"

    def _when(self, entry: _Entry) -> str:
        moments = entry.more["moments"]
        if not moments:
            return ""
        first, last = moments[0], moments[-1]
        text = f"{_page.duration(first['ns'] - self._starts[first['process']])} after the start"
        if self._many:
            text += f" of {_page.text(first['process'])}"
        elif entry.more["count"] == len(moments) > 1:
            text += f", last {_page.duration(last['ns'] - self._starts[last['process']])} after it"
        button = (
            f' <button type="button" class="needs-script show" data-violation="{entry.number}">show on the timeline'
            "</button>"
            if self._holds
            else ""
        )
        return text + button

    def _held_then(self, entry: _Entry) -> str:
        """Which locks were held by whom when it first happened."""
        if not self._holds or not entry.more["moments"]:
            return ""
        moment = entry.more["moments"][0]
        process, ns = moment["process"], moment["ns"]
        held = [
            f"{_page.text(self._lock_names[process, hold['lock']])} by "
            f"<b>{_page.text(self._name(process, hold['thread']))}</b>"
            + (" itself" if hold["thread"] == moment["thread"] else "")
            for hold in self._holds
            if hold["process"] == process and hold["start_ns"] <= ns <= hold["end_ns"]
        ]
        return _page.listed(held, 6) or "no recorded lock"

    def _excerpt(self, entry: _Entry, file: str, line: int) -> str:
        excerpt = entry.more["excerpts"].get(f"{file}:{line}")
        if excerpt is None:
            return ""
        label = f"source of {self._short(file)} around line {line}"
        return _page.source_view(excerpt["lines"], excerpt["first"], line, label)

    def _source(self, entry: _Entry, frame: Document) -> str:
        excerpt = entry.more["excerpts"].get(f"{frame['file']}:{frame['line']}")
        if excerpt is None:
            return ""
        return f'<code class="source">{_page.text(excerpt["lines"][frame["line"] - excerpt["first"]].strip())}</code>'

    def _stacks(self, entry: _Entry) -> str:
        facts = entry.facts
        parts = []
        for title, stack in (
            (f"Where thread {facts.toucher} was", facts.stack),
            (f"Where thread {facts.owner} was", facts.owner_stack),
        ):
            if stack:
                sites = [attrs.asdict(site) for site in stack]
                parts.append(f"<section><h4>{_page.text(title)}</h4>{self._stack(entry, sites)}</section>")
        return f'<div class="stacks">{"".join(parts)}</div>' if parts else ""

    def _stack(self, entry: _Entry, sites: list[Document]) -> str:
        rows = []
        for in_library, frames in _page.runs(sites):
            if in_library:
                inner = "".join(f"<li>{self._place(**frame)}</li>" for frame in frames)
                rows.append(
                    f'<li class="library"><details><summary>{_page.number(len(frames), "call")} in libraries</summary>'
                    f"<ol>{inner}</ol></details></li>"
                )
                continue
            for frame in frames:
                is_known = entry.number > _LONG or (frame["file"], frame["line"]) == (
                    entry.facts.file,
                    entry.facts.line,
                )
                excerpt = "" if is_known else self._excerpt(entry, frame["file"], frame["line"])
                place, source = self._place(**frame), self._source(entry, frame)
                rows.append(
                    f"<li><details><summary>{place}{source}</summary>{excerpt}</details></li>"
                    if excerpt
                    else f'<li class="bare">{place}{source}</li>'
                )
        return f'<ol class="stack">{"".join(rows)}</ol>'

    def _life(self, entry: _Entry) -> str:
        facts = entry.facts
        if not facts.life:
            return ""
        steps = [attrs.asdict(step) for step in facts.life]
        story = "".join(
            f"<li>{self._step(step['verb'], step)}{self._source(entry, step)}{self._how(entry, step)}</li>"
            for step in steps
        )
        touch = self._place(facts.file, facts.line, facts.function)
        title = f"The life of this {_page.text(facts.type_name or 'object')}"
        if facts.error == "LockOrderError":
            title = "Who took the locks, and where"
        end = f"{_page.text(_headline(facts))} at {touch}, by thread <b>{_page.text(facts.toucher)}</b>"
        return (
            f'<section class="life"><h4>{title}</h4><ol class="story">{story}<li class="end">{end}</li></ol></section>'
        )

    def _how(self, entry: _Entry, step: Document) -> str:
        if not step["stack"]:
            return self._excerpt(entry, step["file"], step["line"]) if entry.number <= _LONG else ""
        return f'<details class="fold"><summary>the calls</summary>{self._stack(entry, step["stack"])}</details>'

    def _step(self, verb: str, step: Document) -> str:
        reached = "" if step["count"] <= 1 else f", {step['count']:,} objects"
        return (
            f"<b>{_page.text(verb)}</b> ({_page.text(step['root_type'])}{reached}) at "
            f"{self._place(step['file'], step['line'], step['function'])}, "
            f"by thread <b>{_page.text(step['thread'])}</b>"
        )

    # ---- the other sections ------------------------------------------------------------------------------------------

    def _locks(self) -> str:
        """The timeline's frame, and the same as a table."""
        if not self._holds:
            return (
                '<p class="empty">No holds of locks were recorded. They are in strict mode, '
                "for <code>owned.Lock</code> and <code>owned.RLock</code>.</p>"
            )
        held: dict[tuple[str, int], list[Document]] = defaultdict(list)
        for hold in self._holds:
            held[hold["process"], hold["lock"]].append(hold)
        rows = []
        for (process, lock), holds in sorted(held.items(), key=lambda item: -len(item[1]))[:_ROWS]:
            lengths = [hold["end_ns"] - hold["start_ns"] for hold in holds]
            users = Counter(self._name(process, hold["thread"]) for hold in holds)
            who = _page.listed([f"{_page.text(name)}&nbsp;({count:,})" for name, count in users.most_common()], 6)
            rows.append(
                f'<tr><th scope="row">{_page.text(self._lock_names[process, lock])}{self._process(holds[0])}</th>'
                f'<td class="figure">{len(holds):,}</td><td class="figure">{_page.duration(sum(lengths))}</td>'
                f'<td class="figure">{_page.duration(max(lengths))}</td><td>{who}</td></tr>'
            )
        table = _page.table(
            "How often and how long each lock was held",
            ("Lock", ("Holds", "figure"), ("In all", "figure"), ("Longest", "figure"), "By"),
            rows,
        )
        hidden = len(self._document["holds"]) - len(self._holds) + self._document["left_out"]["holds"]
        return (
            _TIMELINE
            + table
            + _page.left_out(len(held) - len(rows), "locks that were taken less often")
            + _page.left_out(hidden, "holds, further away from the violations")
        )

    def _threads(self) -> str:
        colours = self._colours()
        violations: Counter[tuple[str, str]] = Counter()
        for entry in self._entries:
            for moment in entry.more["moments"]:
                violations[moment["process"], moment["thread"]] += 1
        holds = Counter((hold["process"], hold["thread"]) for hold in self._holds)
        threads = sorted(
            self._document["threads"],
            key=lambda thread: (-violations[thread["process"], thread["id"]], -holds[thread["process"], thread["id"]]),
        )
        rows = []
        for thread in threads[:_ROWS]:
            key = (thread["process"], thread["id"])
            rows.append(
                f'<tr><th scope="row"><span class="swatch t{colours[key]}" aria-hidden="true"></span>'
                f"{_page.text(thread['name'])}{self._process(thread)}</th>"
                f'<td class="figure">{thread["id"]}</td><td>{"has ended" if thread["finished"] else "was running"}</td>'
                f'<td class="figure">{violations[key] or "&ndash;"}</td>'
                f'<td class="figure">{holds[key] or "&ndash;"}</td></tr>'
            )
        if not rows:
            return '<p class="empty">No thread violated anything or held a lock that was recorded.</p>'
        columns = ("Thread", ("Number", "figure"), "At the end", ("Violations", "figure"), ("Holds", "figure"))
        missing = len(threads) - len(rows) + self._document["left_out"]["threads"]
        return _page.table("Threads that violated, owned or held something", columns, rows) + _page.left_out(
            missing, "threads"
        )

    def _objects(self) -> str:
        cards = []
        for item in self._document["objects"][:_ROWS]:
            whose = [f"<b>{_page.text(item['state'] or 'unknown')}</b>"]
            if item["owner"]:
                whose.append(f"thread {_page.text(item['owner'])}")
            if item["lock"]:
                whose.append(f"lock {_page.text(item['lock'])}")
            steps = "".join(f"<li>{self._step(step['verb'], step)}</li>" for step in item["life"])
            ends = "".join(
                f'<li class="end">{_page.text(_headline(self._entries[index].facts))}: '
                f'<a href="#violation-{index + 1}">violation {index + 1}</a></li>'
                for index in item["violations"][:10]
            )
            cards.append(
                f'<article class="object"><h3>{_page.breakable(item["type"])} '
                f"<code>{_page.address(item['address'])}</code>"
                f'{self._process(item)}</h3><p class="dim">{", ".join(whose)}</p>'
                f'<ol class="story">{steps}{ends}</ol></article>'
            )
        if not cards:
            return '<p class="empty">No object was touched by a thread that may not.</p>'
        missing = len(self._document["objects"]) - len(cards) + self._document["left_out"]["objects"]
        return f'<div class="objects">{"".join(cards)}</div>' + _page.left_out(missing, "objects")

    def _warnings(self) -> str:
        rows = [
            f'<li><p><span class="kind soft">{_page.text(warning["kind"])}</span> {_page.prose(warning["message"])}</p>'
            f'<p class="where"><code class="place">{_page.breakable(self._short(warning["file"]))}'
            f":{warning['line']}</code>"
            f"{'' if warning['count'] == 1 else ', ' + format(warning['count'], ',') + ' times'}</p></li>"
            for warning in self._document["warnings"]
        ]
        if not rows:
            return '<p class="empty">None.</p>'
        return f'<ul class="warnings">{"".join(rows)}</ul>' + _page.left_out(
            self._document["left_out"]["warnings"], "warnings of other places"
        )

    def _data(self) -> Document:
        """The document as the script and other tools want it: holds as rows, and no source."""
        columns = ("process", "lock", "thread", "start_ns", "end_ns")
        colours = self._colours()
        return self._document | {
            "violations": [
                {key: value for key, value in entry.more.items() if key != "excerpts"}
                | {"number": entry.number, "headline": _headline(entry.facts)}
                for entry in self._entries
            ],
            "threads": [
                thread
                | {
                    "label": self._names[thread["process"], thread["id"]],
                    "colour": colours[thread["process"], thread["id"]],
                }
                for thread in self._document["threads"]
            ],
            "holds": {"columns": columns, "rows": [[hold[column] for column in columns] for hold in self._holds]},
        }


_TIMELINE = """
<figure class="timeline needs-script" id="timeline" aria-labelledby="timeline-caption">
<figcaption id="timeline-caption">One lane for each lock, one colour for each thread that held it. A
<span class="diamond" role="img" aria-label="diamond"></span> is a violation; on a lane, of an object that this lock
guards.</figcaption>
<div class="tools" role="toolbar" aria-label="Timeline" aria-controls="chart">
<label id="process-label" hidden><span>Process</span> <select id="process"></select></label>
<label><span>Go to</span> <select id="goto"></select></label>
<span class="buttons"><button type="button" id="left" aria-label="Earlier">&#8592;</button>
<button type="button" id="right" aria-label="Later">&#8594;</button>
<button type="button" id="out" aria-label="Show more time">&minus;</button>
<button type="button" id="in" aria-label="Show less time">+</button></span>
</div>
<div class="chart" id="chart" tabindex="0" role="group" aria-describedby="keys"></div>
<p class="detail" id="detail" aria-live="polite"></p>
<div class="legend" id="legend" role="group" aria-label="Threads: press one to bring it out"></div>
<p class="dim keys" id="keys">Drag or use the arrow keys to move; + and &minus;, or the wheel with Ctrl, to zoom; 0 for
the whole run. The table below has the sums.</p>
</figure>
<noscript><p class="empty">The timeline needs JavaScript. The table has its sums.</p></noscript>
"""


# ---- texts -----------------------------------------------------------------------------------------------------------


def _headline(facts: Violation) -> str:
    """What was done, in a few words: a call of a lock's method has no touch."""
    if facts.touch is None and facts.access is not None:
        return f"{facts.access} {facts.lock or facts.type_name or ''}"
    return facts.headline
