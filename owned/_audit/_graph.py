# SPDX-License-Identifier: MIT
"""The graph of threads, variables and locks, drawn as SVG: three columns, and lines for who touched what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from owned import _page
from owned._audit._findings import Certainty, Exposure, Race, State, Status, Variable
from owned._audit._report import Report

_VARIABLES = 24
_OTHERS = 24
_ROW = 44
_HEIGHT = 34
_TOP = 30
_COLUMNS = ((0, 180), (300, 290), (710, 210))
_WIDTH = 920
_UNSHOWN = (State.PRIVATE,)


@attrs.frozen
class _Node:
    id: str
    name: str
    under: str
    style: str
    words: str
    link: str = ""


@attrs.frozen
class _Edge:
    ends: tuple[str, str]
    style: str


@attrs.frozen
class Graph:
    """What is drawn.

    Attributes:
        threads: the nodes on the left.
        variables: those in the middle.
        locks: those on the right.
        edges: the lines.
        hidden: how many variables that threads shared did not fit.
    """

    threads: tuple[_Node, ...]
    variables: tuple[_Node, ...]
    locks: tuple[_Node, ...]
    edges: tuple[_Edge, ...]
    hidden: int

    @classmethod
    def of(cls, report: Report, races: Sequence[Race], styles: Mapping[State, str]) -> Graph:
        """Choose what to draw: the variables with races, then those of the worst states.

        Args:
            report: what to draw of.
            races: in the order of their numbers on the page.
            styles: the colour of each state.
        """
        return _Chooser(report, races, styles).graph()

    @property
    def words(self) -> str:
        """How much it is, in words."""
        counted = [
            _page.number(len(nodes), noun)
            for nodes, noun in ((self.threads, "thread"), (self.variables, "variable"), (self.locks, "lock"))
        ]
        return f"{', '.join(counted)}."

    def draw(self) -> str:
        """The graph as an ``svg`` element."""
        columns = (self.threads, self.variables, self.locks)
        rows = max(map(len, columns))
        places: dict[str, tuple[float, float, int]] = {}
        for (x, width), nodes in zip(_COLUMNS, columns, strict=True):
            first = _TOP + (rows - len(nodes)) * _ROW / 2
            for index, node in enumerate(nodes):
                places[node.id] = (x, first + index * _ROW, width)
        parts = [
            f'<text class="column" x="{x + 2}" y="14">{title}</text>'
            for (x, _), title, nodes in zip(_COLUMNS, ("threads", "variables", "locks"), columns, strict=True)
            if nodes
        ]
        order = {"": 0, "lock": 1, "half": 1, "warn": 2, "bad": 3}
        parts += [self._line(edge, places) for edge in sorted(self.edges, key=lambda edge: order[edge.style])]
        parts += [self._box(node, *places[node.id]) for nodes in columns for node in nodes]
        height = _TOP + rows * _ROW
        head = f'<svg viewBox="-2 0 {_WIDTH + 4} {height}" role="group" aria-labelledby="graph-caption">'
        return f"{head}{''.join(parts)}</svg>"

    def _line(self, edge: _Edge, places: Mapping[str, tuple[float, float, int]]) -> str:
        (x1, y1, width), (x2, y2, _) = (places[end] for end in edge.ends)
        x1, y1, y2 = x1 + width, y1 + _HEIGHT / 2, y2 + _HEIGHT / 2
        middle = (x1 + x2) / 2
        return (
            f'<path class="edge {edge.style}" data-ends="{" ".join(edge.ends)}" '
            f'd="M{x1:g} {y1:g} C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"/>'
        )

    def _box(self, node: _Node, x: float, y: float, width: int) -> str:
        letters = width // 7
        up = 14.5 if node.under else 21
        under = (
            f'<text class="under" x="{x + 9:g}" y="{y + 27:g}">{_page.text(_cut(node.under, width // 6))}</text>'
            if node.under
            else ""
        )
        box = (
            f"<title>{_page.text(node.words)}</title>"
            f'<rect x="{x:g}" y="{y:g}" width="{width}" height="{_HEIGHT}" rx="6"/>'
            f'<text x="{x + 9:g}" y="{y + up:g}">{_page.text(_cut(node.name, letters))}</text>{under}'
        )
        style = f'class="node {node.style}" data-node="{node.id}"'
        if node.link:
            return f'<a {style} href="#{node.link}" aria-label="{_page.text(node.words)}">{box}</a>'
        return f'<g {style} tabindex="0" role="img" aria-label="{_page.text(node.words)}">{box}</g>'


class _Chooser:
    def __init__(self, report: Report, races: Sequence[Race], styles: Mapping[State, str]) -> None:
        self._report = report
        self._races: dict[tuple[str, str], list[tuple[int, Race]]] = {}
        for number, race in enumerate(races, 1):
            self._races.setdefault(self._about(race.variable), []).append((number, race))
        self._styles = styles

    @staticmethod
    def _about(variable: Variable) -> tuple[str, str]:
        """What one node stands for: an item belongs to its container."""
        name = "" if variable.kind == "item" else variable.name
        return variable.owner, name

    def graph(self) -> Graph:
        exposures: dict[tuple[str, str], Exposure] = {}
        worst = list(self._styles)
        for one in sorted(self._report.findings.exposures, key=lambda one: worst.index(one.state)):
            if one.shared and one.state not in _UNSHOWN:
                exposures.setdefault(self._about(one.variable), one)
        keys = list(dict.fromkeys([*self._races, *exposures]))
        threads: dict[int, None] = {}
        locks: dict[int, None] = {}
        variables, edges = [], []
        for index, key in enumerate(keys[:_VARIABLES]):
            id = f"v{index}"
            races = self._races.get(key, [])
            exposure = exposures.get(key)
            variables.append(self._variable(id, races, exposure))
            marks: dict[int, str] = dict.fromkeys(exposure.threads if exposure is not None else (), "")
            guards: dict[int, str] = dict.fromkeys(map(abs, exposure.locks) if exposure is not None else (), "lock")
            for _, race in races:
                for access in race.accesses:
                    style = _style(race)
                    if marks.get(access.thread, "") != "bad":
                        marks[access.thread] = style
                    for lock in access.locks:
                        guards.setdefault(abs(lock), "half")
            for thread, style in marks.items():
                if thread in threads or len(threads) < _OTHERS:
                    threads[thread] = None
                    edges.append(_Edge((f"t{thread}", id), style))
            for lock, style in guards.items():
                if lock in locks or len(locks) < _OTHERS:
                    locks[lock] = None
                    edges.append(_Edge((id, f"l{lock}"), style))
        return Graph(
            tuple(self._thread(number) for number in threads),
            tuple(variables),
            tuple(self._lock(number) for number in locks),
            tuple(edges),
            max(len(keys) - _VARIABLES, 0),
        )

    def _thread(self, number: int) -> _Node:
        name = self._report.findings.thread_name(number)
        return _Node(f"t{number}", name, "", "", f"thread {name}")

    def _lock(self, number: int) -> _Node:
        lock = self._report.findings.lock_of(number)
        where = self._report.where(lock.made[0]) if lock.made else ""
        return _Node(f"l{number}", lock.name, where, "", f"lock {self._report.lock_name(lock)}")

    def _variable(self, id: str, races: list[tuple[int, Race]], exposure: Exposure | None) -> _Node:
        variable = races[0][1].variable if races else exposure.variable if exposure is not None else None
        assert variable is not None  # a node stands for one or the other
        if races:
            number, race = races[0]
            told = f"{race.certainty} race" + (f" and {len(races) - 1:,} more" if len(races) > 1 else "")
            if race.status is not Status.NEW:
                told += f", {race.status}"
            return _Node(id, variable.short, told, _style(race), f"{variable.words}: {told}", f"race-{number}")
        assert exposure is not None
        made = f", made at {self._report.where(exposure.made[0])}" if exposure.made else ""
        under = f"{exposure.state}{made}"
        return _Node(id, variable.short, under, self._styles[exposure.state], f"{variable.words}: {under}")


def _style(race: Race) -> str:
    if race.status is not Status.NEW:
        return ""
    return "bad" if race.certainty is Certainty.CERTAIN else "warn"


def _cut(text: str, most: int) -> str:
    """The text, the middle of it left out where it is too long: both ends tell more."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2 - 1]}…{text[-(most - most // 2) :]}"
