# SPDX-License-Identifier: MIT
"""The page of an audit: everything is in it, and nothing in it can break out."""

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import attrs
import pytest

from audits import Bank
from owned._audit import _graph, _html
from owned._audit._findings import Exposure, Findings, Kind, Lock, Status, Thread, Variable

HOSTILE = "</script><script>document.documentElement.dataset.broken = 1</script><img src=x onerror=alert(1)>"


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)


def page(bank: Bank, findings: Findings | None = None) -> str:
    """The page of a report."""
    file = io.StringIO()
    _html.write(file, bank.report(findings), 1)
    return file.getvalue()


class _Tags(HTMLParser):
    """Which elements there are; void ones need no end."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))
        if tag not in ("meta", "input", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, (tag, self.open[-5:])
        self.open.pop()


def _tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(text)
    assert parser.open == []
    return parser.seen


def test_page_is_well_formed(bank: Bank) -> None:
    """Every element that begins ends, every id is there once, and every link within the page has a target."""
    tags = _tags(page(bank))
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] or "" for tag, attributes in tags if tag == "a"]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert not [link for link in links if not link.startswith("#")]


def test_page_tells_each_race(bank: Bank) -> None:
    """Each race has its two lines of code, its threads, why, and the way out."""
    text = page(bank)
    assert len(re.findall(r'<article class="violation', text)) == 4
    assert len(re.findall("<mark>", text)) >= 8
    for word in ("teller-1", "3 certain races", "and 1 possible", "Lazy(make)", "under lock (bank.py:5)"):
        assert word in text


def test_page_has_the_map(bank: Bank) -> None:
    """Each class, module, function and place of making has its rows, and the hints are there."""
    text = page(bank)
    assert len(re.findall("<tbody data-kind", text)) == 6
    for word in ("could be frozen", "Locks that kept nobody apart", "audit_lock", 'data-kind="unprotected private"'):
        assert word in text


def test_page_has_its_data(bank: Bank) -> None:
    """The document of --json is in it."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page(bank), re.DOTALL)
    assert found
    document = json.loads(found[1])
    assert [race["variable"] for race in document["races"]][:2] == ["Account.balance", "bank.total"]


def test_page_without_races(bank: Bank) -> None:
    """Where nothing was found it says so."""
    text = page(bank, Findings())
    _tags(text)
    for word in ("No races", "No audited code ran while there was more than one thread.", "No lock was seen."):
        assert word in text
    assert "No new races" in page(
        bank, attrs.evolve(bank.findings(), races=(attrs.evolve(bank.races()[0], status=Status.KNOWN),))
    )


def test_page_of_a_process_that_died(bank: Bank) -> None:
    """Where the map is lost, the page says why."""
    text = page(bank, attrs.evolve(bank.findings(), exposures=(), complete=False))
    assert "The process died before it could be written." in text


def test_nothing_breaks_out(bank: Bank) -> None:
    """Names and lines of the program are text, wherever they stand."""
    place = attrs.evolve(bank.races()[0].first.place, function=HOSTILE)
    variable = Variable(Kind.ITEM, HOSTILE, HOSTILE)
    race = attrs.evolve(bank.races()[0], variable=variable, maker=HOSTILE, tests=(HOSTILE,), reason=HOSTILE)
    race = attrs.evolve(race, first=attrs.evolve(race.first, stack=(place,)), status=Status.KNOWN)
    findings = Findings(
        races=(race,),
        threads=(Thread(2, HOSTILE), Thread(3, HOSTILE)),
        locks=(Lock(1, HOSTILE, HOSTILE, (place,), 3, (2,)),),
        exposures=(Exposure(variable, (place,), 1, 1, (2, 3), ordered_by=(HOSTILE,), writes=1),),
        notes=(HOSTILE,),
    )
    tags = _tags(page(bank, findings))
    assert [tag for tag, _ in tags].count("script") == 3
    assert "img" not in [tag for tag, _ in tags]
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]


# ---- the graph -------------------------------------------------------------------------------------------------------


def _graph_of(bank: Bank, findings: Findings) -> _graph.Graph:
    report = bank.report(findings)
    return _graph.Graph.of(report, report.order(), _html.BADGES)


def test_graph_connects_threads_variables_and_locks(bank: Bank) -> None:
    """A variable has a line to each thread that touched it and each lock that was held; red where they raced."""
    graph = _graph_of(bank, bank.findings())
    balance = graph.variables[0]
    assert (balance.name, balance.under, balance.style) == ("Account.balance", "certain race and 1 more", "bad")
    edges = {edge.ends: edge.style for edge in graph.edges}
    assert {ends[0]: style for ends, style in edges.items() if ends[1] == balance.id} == {
        "t1": "warn",
        "t2": "bad",
        "t3": "bad",
    }
    assert edges[balance.id, "l1"] == "half"
    done = next(node for node in graph.variables if node.name == "main.done")
    assert edges[done.id, "l1"] == "lock"
    assert graph.words == "3 threads, 6 variables, 1 lock."


def test_graph_is_bounded(bank: Bank) -> None:
    """Of many variables the worst are drawn, and the others are counted."""
    variables = [Variable(Kind.GLOBAL, "shop", f"name{number}") for number in range(100)]
    exposures = tuple(
        Exposure(variable, (), 1, 1, tuple(range(2, 60)), writes=number == 99, races=number == 99)
        for number, variable in enumerate(variables)
    )
    graph = _graph_of(bank, Findings(exposures=exposures))
    assert (len(graph.variables), graph.hidden, len(graph.threads)) == (24, 76, 24)
    assert graph.variables[0].name == "shop.name99"


def test_graph_shortens_long_names(bank: Bank) -> None:
    """A name that does not fit loses its middle; whole it is in the title."""
    variable = Variable(Kind.GLOBAL, "a.very.long.name.of.a.module.in.a.package", "and_a_long_name_in_it")
    drawn = _graph_of(bank, Findings(exposures=(Exposure(variable, (), 1, 1, (1, 2), writes=1),))).draw()
    assert ">a.very.long.name.of…and_a_long_name_in_it<" in drawn
    assert str(variable) in drawn
