# SPDX-License-Identifier: MIT
"""Tables and pictures of what ``benchmarks`` measured, from the JSON files that it keeps.

For each question a page with a table and a picture; and ``goals.md``, with all goals and whether they are met. Two runs
over the same JSON write the same files.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
import re
import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from benchmarks.harness import importable, questions

COLOURS = ("#4c8bf5", "#e8710a", "#12a4a0", "#c956c9", "#8f8f00", "#d64550")
GREY = "#7d7d7d"  # can be read on white and on black
ENOUGH = 1.005  # a ratio is told with two digits behind the point


@attrs.frozen
class Ratio:
    """How many times its peer one subject takes: the median of the rounds, and from where to where most of them lie."""

    median: float
    low: float
    high: float


@attrs.frozen
class Measured:
    """What one interpreter says about one case; `rounds` has a list for each process."""

    question: str
    what: str
    subject: str
    peer: str | None
    goals: Mapping[str, float]
    unit: str
    missing: str
    rounds: tuple[tuple[float, ...], ...]

    @property
    def value(self) -> float:
        """The median of all rounds."""
        return statistics.median(itertools.chain.from_iterable(self.rounds))

    def ratio_to(self, peer: Measured) -> Ratio:
        """To a subject of the same row."""
        mine, theirs = itertools.chain(*self.rounds), itertools.chain(*peer.rounds)
        ratios = sorted(a / b for a, b in zip(mine, theirs, strict=True))
        tenth = (len(ratios) - 1) / 10
        return Ratio(statistics.median(ratios), ratios[round(tenth)], ratios[round(9 * tenth)])


Row = dict[str, Measured]  # by subject


def load(results: Path) -> dict[str, dict[str, dict[str, Row]]]:
    """By interpreter, question and row."""
    import pyperf

    found: dict[str, dict[str, dict[str, Row]]] = {}
    for path in sorted(results.glob("3.*.json"), key=lambda path: version(path.stem)):
        for benchmark in pyperf.BenchmarkSuite.load(str(path)):
            known = benchmark.get_metadata()
            measured = Measured(
                **{name: known[name] for name in ("question", "what", "subject", "unit", "missing")},
                peer=known.get("peer"),
                goals=json.loads(known["goals"]),
                rounds=tuple(tuple(run.values) for run in benchmark.get_runs()),
            )
            by_what = found.setdefault(path.stem, {}).setdefault(measured.question, {})
            by_what.setdefault(measured.what, {})[measured.subject] = measured
    return found


def version(interpreter: str) -> tuple[int, int, bool]:
    """In what order interpreters are told."""
    major, minor = interpreter.removesuffix("t").split(".")
    return int(major), int(minor), interpreter.endswith("t")


# Tables.


def amount(value: float, unit: str) -> str:
    """Three digits and a unit."""
    if unit == "integer":
        return f"{value:,.0f}"
    if unit == "byte":
        return f"{value:,.0f} B" if value < 10_000 else f"{value / 1000:,.0f} kB"
    for size, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= size:
            return f"{_three_digits(value / size)} {name}"
    return f"{_three_digits(value / 1e-9)} ns"


def _three_digits(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def times(ratio: float) -> str:
    """A ratio as a reader wants it: 0.034 is more than 0.03."""
    return f"{ratio:.2f}" if ratio >= 0.095 else f"{ratio:.2g}"


def verdict(measured: Measured, row: Row) -> str:
    """A mark if there are goals, or nothing."""
    known = {peer: goal for peer, goal in measured.goals.items() if peer in row}
    if not known:
        return ""
    return "✓" if all(met(measured, row, peer, goal) for peer, goal in known.items()) else "✗"


def met(measured: Measured, row: Row, peer: str, goal: float) -> bool:
    """Is the ratio as small as it has to be?"""
    return measured.ratio_to(row[peer]).median <= goal * ENOUGH


def cell(row: Row, subject: str) -> str:
    """What one interpreter says of a subject."""
    if (measured := row.get(subject)) is None:
        return ""
    parts = [amount(measured.value, measured.unit)]
    if measured.peer is not None and measured.peer in row:
        ratio = measured.ratio_to(row[measured.peer])
        parts.append(f"**{times(ratio.median)}**")
        if times(ratio.low) != times(ratio.high):
            parts.append(f"({times(ratio.low)} to {times(ratio.high)})")
    return " ".join([*parts, verdict(measured, row)]).strip()


def in_order(tables: Iterable[Iterable[str]]) -> list[str]:
    """What stands in any of them, in the order of the first that has it."""
    return list(dict.fromkeys(itertools.chain.from_iterable(tables)))


def page(question: str, by_interpreter: dict[str, dict[str, Row]]) -> str:
    """A question's page."""
    module = importlib.import_module(f"benchmarks.bench_{question}")
    lines = [
        f"# {module.QUESTION}",
        "",
        prose(inspect.getdoc(module) or ""),
        "",
        f"`python -m benchmarks {question}` measures it. {HOW_TO_READ}",
        "",
        f"![{module.QUESTION}]({question}.svg)",
        "",
    ]
    for interpreter, rows in by_interpreter.items():
        missing = next(iter(next(iter(rows.values())).values())).missing
        if missing != "nothing":
            lines += [f"Not to be had on {interpreter}: {missing}.", ""]
    for what in in_order(by_interpreter.values()):
        rows = {interpreter: rows.get(what, {}) for interpreter, rows in by_interpreter.items()}
        lines += [f"## {what[0].upper()}{what[1:]}", "", table_line("", *rows), table_line(*["---"] * (len(rows) + 1))]
        for subject in in_order(rows.values()):
            cells = [cell(row, subject) for row in rows.values()]
            lines.append(table_line(subject + goals_in_words(subject, rows.values()), *cells))
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


HOW_TO_READ = (
    "In each cell: the median, how many times its peer that is (the median of the ratios of single rounds, and from "
    "where to where eight of ten of them lie), and whether the goals are met."
)


def prose(docstring: str) -> str:
    """A docstring as Markdown: its code is marked with one backtick."""
    return re.sub(r"``(.+?)``", r"`\1`", docstring)


def table_line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def goals_in_words(subject: str, rows: Iterable[Row]) -> str:
    """What is expected of it."""
    goals: dict[str, float] = {}
    for row in rows:
        if subject in row:
            goals |= row[subject].goals
    return "".join(f"<br>at most {times(goal)} times {peer}" for peer, goal in goals.items())


def goals_page(found: dict[str, dict[str, dict[str, Row]]]) -> str:
    """All goals, and what became of them on each interpreter."""
    asked: dict[tuple[str, str, str, str, str], dict[str, str]] = {}
    for interpreter, by_question in found.items():
        for question, by_what in by_question.items():
            for what, row in by_what.items():
                for subject, measured in row.items():
                    for peer, goal in measured.goals.items():
                        cells = asked.setdefault((question, what, subject, peer, times(goal)), {})
                        if peer in row:
                            ratio = times(measured.ratio_to(row[peer]).median)
                            cells[interpreter] = f"{ratio} {'✓' if met(measured, row, peer, goal) else '✗'}"
    lines = [
        table_line("what", "who", "beside", "at most", *found),
        table_line(*["---"] * (len(found) + 4)),
    ]
    for (question, what, subject, peer, goal), cells in sorted(asked.items(), key=lambda item: item[0][0]):
        told = [cells.get(interpreter, "") for interpreter in found]
        lines.append(table_line(f"[{what}]({question}.md)", subject, peer, goal, *told))
    return "\n".join(["# The goals", "", GOALS, "", *lines]) + "\n"


GOALS = (
    "How many times what it stands beside each may take, and how many times it takes: the median of the ratios. Empty "
    "where the other one is not to be had."
)


# Pictures.


def draw(question: str, by_interpreter: dict[str, dict[str, Row]], out: Path) -> None:
    """A panel for each row, a line for each subject, a dot with its spread for each interpreter."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot
    from matplotlib.lines import Line2D

    interpreters = list(by_interpreter)
    panels = {
        what: subjects
        for what in in_order(by_interpreter.values())
        if (subjects := compared(what, by_interpreter.values()))
    }
    if not panels:
        return
    style: Any = {
        "svg.hashsalt": "owned",  # the same ids each time
        "svg.fonttype": "none",
        "font.sans-serif": ["DejaVu Sans"],  # the widths that are reckoned with; a viewer without it takes its own
        "font.size": 9,
        "text.color": GREY,
        "axes.edgecolor": GREY,
        "axes.labelcolor": GREY,
        "xtick.color": GREY,
        "ytick.color": GREY,
    }
    with matplotlib.rc_context(style):
        columns, height = _columns([len(subjects) + ROOM for subjects in panels.values()])
        figure = pyplot.figure(figsize=(WIDTH, height))
        label_width = 0.066 * max(len(subject) for subjects in panels.values() for subject in subjects) + 0.3
        panel_width = WIDTH / 2 - label_width - 0.15
        for (left, top), (what, subjects) in zip(columns, panels.items(), strict=True):
            bottom, high = top - LINE * (len(subjects) + TITLE), LINE * len(subjects)
            place = ((left + label_width) / WIDTH, bottom / height, panel_width / WIDTH, high / height)
            axes = figure.add_axes(place)
            _draw_panel(axes, what, subjects, by_interpreter)
            peers = _peers(what, subjects, by_interpreter.values())
            beside = "its peer" if len(peers) > 1 else "".join(peers)  # the first choice is not to be had everywhere
            axes.set_title(
                f"{what} (times {beside})", loc="left", x=-label_width / panel_width, fontsize=10, fontweight="bold"
            )
        handles = [
            Line2D([], [], color=COLOURS[number % len(COLOURS)], marker="o", markersize=4, label=name)
            for number, name in enumerate(interpreters)
        ]
        figure.legend(handles=handles, loc="upper center", ncols=len(handles), frameon=False)
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        pyplot.close(figure)


WIDTH, LINE, TITLE, ROOM, LEGEND = 9.5, 0.21, 1.2, 3.0, 0.35
"""Inches; and a panel's title and all that is not its lines, in lines."""


def _columns(lines: list[float]) -> tuple[list[tuple[float, float]], float]:
    """Where panels of so many lines begin, in two columns of about one height, and how high the picture is."""
    half, places, below = sum(lines) / 2, [], [0.0, 0.0]
    for count in lines:
        column = int(below[1] > 0 or (below[0] > 0 and below[0] + count / 2 > half))
        places.append((column, below[column]))
        below[column] += count
    height = max(below) * LINE + LEGEND
    return [(column * WIDTH / 2, height - LEGEND - LINE * above) for column, above in places], height


def compared(what: str, tables: Iterable[dict[str, Row]]) -> list[str]:
    """The subjects of a row that stand beside a peer on any interpreter."""
    rows = [table[what] for table in tables if what in table]
    return [
        subject
        for subject in in_order(rows)
        if any(subject in row and row[subject].peer in row and row[subject].peer != subject for row in rows)
    ]


def _draw_panel(axes: Any, what: str, subjects: list[str], by_interpreter: dict[str, dict[str, Row]]) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    count = len(by_interpreter)
    for number, rows in enumerate(by_interpreter.values()):
        row = rows.get(what, {})
        ratios = {
            line + (number - (count - 1) / 2) * 0.6 / count: row[subject].ratio_to(row[peer])
            for line, subject in enumerate(subjects)
            if subject in row and (peer := row[subject].peer) in row and peer is not None
        }
        told, heights = list(ratios.values()), list(ratios)
        colour = COLOURS[number % len(COLOURS)]
        spreads = [one.low for one in told], [one.high for one in told]
        axes.hlines(heights, *spreads, color=colour, linewidth=2, alpha=0.6)
        axes.plot([one.median for one in told], heights, color=colour, marker="o", markersize=3.5, linestyle="")
    goals = [
        (goals[0], line)
        for line, subject in enumerate(subjects)
        if (goals := _goals_to_peer(what, subject, by_interpreter.values()))
    ]
    axes.plot([x for x, _ in goals], [y for _, y in goals], color=GREY, marker="|", markersize=13, linestyle="")
    axes.set_xscale("log")
    axes.set_yticks(range(len(subjects)), subjects)
    axes.set_ylim(len(subjects) - 0.4, -0.6)
    axes.axvline(1, color=GREY, linewidth=1)
    low, high = axes.get_xlim()
    low, high = min(low, 0.8), max(high, 3)
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 200 else (1,)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(axis="x", color=GREY, alpha=0.25)
    axes.tick_params(bottom=False, left=False)
    axes.spines[:].set_visible(False)


def _peers(what: str, subjects: list[str], tables: Iterable[dict[str, Row]]) -> list[str]:
    """What they stand beside."""
    rows = [table[what] for table in tables if what in table]
    return in_order([peer for name in subjects if name in row and (peer := row[name].peer)] for row in rows)


def _goals_to_peer(what: str, subject: str, tables: Iterable[dict[str, Row]]) -> list[float]:
    measured = [table[what][subject] for table in tables if subject in table.get(what, {})]
    return [one.goals[one.peer] for one in measured if one.peer is not None and one.peer in one.goals]


# All of it.


def write(results: Path, pages: Path) -> None:
    """Write every page and picture anew."""
    found = load(results)
    pages.mkdir(parents=True, exist_ok=True)
    drawing = importable("matplotlib") is not None
    for question in questions():
        by_interpreter = {name: known[question] for name, known in found.items() if question in known}
        if by_interpreter:
            (pages / f"{question}.md").write_text(page(question, by_interpreter), encoding="utf-8")
            if drawing:
                draw(question, by_interpreter, pages / f"{question}.svg")
    (pages / "goals.md").write_text(goals_page(found), encoding="utf-8")
    if not drawing:
        print("matplotlib is not installed: the pictures are those of an earlier run")
