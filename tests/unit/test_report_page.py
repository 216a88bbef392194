# SPDX-License-Identifier: MIT
"""The HTML report: one well-formed file that loads nothing, whatever strings the program under test has."""

import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

import owned
from owned._page import duration
from owned._report_data import Collector, merge
from owned._report_page import write_page
from reports import add_holds, page, racy

_VOID = {"meta", "input", "br", "wbr", "hr", "img", "link"}
_LOADING = {"src", "href", "srcset", "data", "action", "formaction", "poster", "background", "xlink:href", "ping"}


class Reader(HTMLParser):
    """Reads a page and complains of what is not well-formed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.ids: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice: {tag} {attrs}"
        facts = {name: value or "" for name, value in attrs}
        self.tags.append((tag, facts))
        if "id" in facts:
            self.ids.append(facts["id"])
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    @property
    def visible(self) -> str:
        return "".join(text for tag, text in self.texts if tag not in ("script", "style"))

    def data(self) -> dict[str, Any]:
        return json.loads(next(text for tag, text in self.texts if tag == "script"))


EMPTY = Collector("nothing").document()
RACY = racy()
HOLDING = add_holds(racy(), 200)
MERGED = merge([add_holds(racy(process="gw0"), 40), racy(process="gw1")])


@pytest.mark.parametrize("document", [EMPTY, RACY, HOLDING, MERGED], ids=["empty", "racy", "holding", "merged"])
def test_page_is_well_formed(document: dict[str, Any]) -> None:
    """Every tag is closed where it should be, ids are unique, and links within the page lead somewhere."""
    reader = Reader(page(document))
    assert len(set(reader.ids)) == len(reader.ids)
    targets = [facts["href"] for tag, facts in reader.tags if tag == "a"]
    assert [target for target in targets if target.removeprefix("#") not in reader.ids] == []
    for tag, facts in reader.tags:
        for name in ("aria-labelledby", "aria-describedby", "aria-controls"):
            assert facts.get(name, reader.ids[0]) in reader.ids, (tag, facts)


@pytest.mark.parametrize("document", [EMPTY, HOLDING], ids=["empty", "holding"])
def test_page_loads_nothing(document: dict[str, Any]) -> None:
    """Nothing in the page has an address outside of it, and its policy forbids it to load or send anything."""
    text = page(document)
    reader = Reader(text)
    for tag, facts in reader.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base")
        for name in _LOADING & facts.keys():
            assert facts[name].startswith("#"), (tag, facts)
    [policy] = [facts["content"] for _, facts in reader.tags if facts.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    assert text.index("Content-Security-Policy") < text.index("<style")
    assert re.findall(r"https?://|url\(|@import|\bimport\(|fetch\(|XMLHttpRequest", text) == []


ATTACKS = [
    "</script><script>document.documentElement.dataset.broken = 1</script>",
    "<!--<script>",
    "-->",
    "]]>",
    "\"><img src=x onerror='alert(1)'>",
    "' onfocus='alert(1)' autofocus='",
    "<!--[data]-->",
    "&lt;b&gt;",
    "\u2028\u2029",
    "\x00\x1b[31m",
    "\udcff",
    "abc\u202edef\u2066",
    "<svg/onload=alert(1)>",
]


def attacked(value: Any, attack: str) -> Any:
    """The same document with the attack in every string, and in every key that is a string of the program."""
    if isinstance(value, str):
        return value + attack
    if isinstance(value, list):
        return [attacked(item, attack) for item in value]
    if isinstance(value, dict):
        return {
            re.sub(r"(:\d+)$", lambda end: attack + end[1], key): attacked(item, attack) for key, item in value.items()
        }
    return value


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_string_breaks_out(attack: str) -> None:
    """Markup in any name, message, file or source line stays text, and the data stays the document."""
    plain = HOLDING | {"warnings": [{"kind": "W", "message": "m", "file": "f", "line": 1, "count": 2}]}
    document = attacked(plain, attack)
    text = page(document)
    text.encode("utf-8")
    reader = Reader(text)
    calm = Reader(page(attacked(plain, "calm")))
    shapes = [[(tag, sorted(facts)) for tag, facts in each.tags if tag != "wbr"] for each in (reader, calm)]
    assert shapes[0] == shapes[1]
    assert reader.data()["title"] == document["title"]
    assert reader.data()["violations"][0]["message"] == document["violations"][0]["message"]
    raw = text[text.index('id="data">') : text.index("</script>", text.index('id="data">'))]
    assert not re.search("[<&\u2028\u2029]|[^\x00-\x7f]", raw.removeprefix('id="data">'))


def test_what_cannot_be_seen_is_spelt_out() -> None:
    """Control characters and those that turn a text around are shown as escapes: the text is what it looks like."""
    document = racy(title="a\u202eb\x1b\udcff\u200b")
    assert r"a\u202eb\x1b\udcff\u200b" in Reader(page(document)).visible


def test_facts_are_there_without_the_script() -> None:
    """What, who, whose, where, since when, how often, in which test, and the way out, are HTML."""
    text = Reader(page(HOLDING)).visible
    for entry in HOLDING["violations"]:
        for name in ("touch", "function", "advice", "error"):
            assert str(entry[name]).replace("`", "") in text
        assert all(thread in text for thread in entry["threads"])
        assert all(test in text for test in entry["tests"])
        assert f":{entry['line']}" in text
    assert "5 violations from 2 mistakes" in text
    assert "private to thread" in text
    assert "share (Account) at" in text
    assert "tests with violations1 of 1" in text


def test_line_of_the_touch_is_marked() -> None:
    """In the source around a touch, one line stands out: that of the touch."""
    [entry, _] = RACY["violations"]
    marks = re.findall(r"<mark><i>▸ +(\d+)</i> (.*)\n</mark>", page(RACY))
    assert (str(entry["line"]), "account.balance = 1") in [(line, text.strip()) for line, text in marks]


def test_who_held_what_at_that_moment() -> None:
    """A violation tells which locks were held when it was made."""
    document = racy()
    [moment] = document["violations"][1]["moments"]
    process = document["processes"][0]["process"]
    around = {"start_ns": moment["ns"] - 1, "end_ns": moment["ns"] + 1, "process": process}
    before = around | {"end_ns": moment["ns"] - 1}
    document["locks"] = [{"id": id, "name": f"Lock {id}", "acquisitions": 1, "process": process} for id in (1, 2, 3)]
    document["threads"].append({"id": 900, "name": "holder", "finished": True, "process": process})
    document["holds"] = [
        {"lock": 1, "thread": 900} | around,
        {"lock": 2, "thread": moment["thread"]} | around,
        {"lock": 3, "thread": 900} | before,
    ]
    assert "Lock 1 by holder, Lock 2 by teller-1" in Reader(page(document)).visible
    assert re.search(r"Lock 2 by <b>teller-1[^<]*</b> itself", page(document))


def test_violation_of_a_lock() -> None:
    """Locks taken in both orders: the headline is short, and where each was taken is told, with its line."""
    with owned.strict(), Collector("run") as collector:
        first, second = owned.RLock(), owned.RLock()
        with first, second:
            pass
        with pytest.raises(owned.LockOrderError), second, first:
            pass
        document = collector.document()
    text = Reader(page(document)).visible
    [entry] = document["violations"]
    [moment] = entry["moments"]
    assert f"acquire {entry['lock']}" in text
    assert f"RLock {moment['lock']} in the timeline" in text
    assert "Who took the locks, and where" in text
    assert "with first, second:" in text


def test_thread_that_was_left_out() -> None:
    """A thread that did not fit in the document has its number instead of a name."""
    text = Reader(page(HOLDING | {"threads": []})).visible
    assert "thread 1001" in text


def test_locks_are_a_table_too() -> None:
    """Who cannot see the timeline reads its sums: how often and how long each lock was held, and by whom."""
    text = Reader(page(HOLDING)).visible
    assert "How often and how long each lock was held" in text
    for lock in range(4):
        assert re.search(rf"RLock {lock}50[\d.,]+ (ns|µs|ms|s)", text)


def test_empty_run() -> None:
    """A run without a violation says so."""
    text = Reader(page(EMPTY)).visible
    assert "No violations" in text
    assert "nothing" in text


def test_processes_are_told_apart() -> None:
    """Where several processes ran, whatever has a clock or a number of its own says whose it is."""
    reader = Reader(page(MERGED))
    assert "10 violations" in reader.visible
    assert "in gw0" in reader.visible
    assert "in gw1" in reader.visible
    rows = reader.data()["holds"]["rows"]
    assert {row[0] for row in rows} == {"gw0"}
    assert len(rows) == 40


def test_big_page_stays_small() -> None:
    """Twenty thousand holds and hundreds of mistakes make a file that can be sent by mail."""
    document = add_holds(racy(), 20_000, locks=40, threads=30)
    first = document["violations"][0]
    document["violations"] = [first | {"line": first["line"] + number} for number in range(300)]
    text = page(document)
    assert len(Reader(text).data()["holds"]["rows"]) == 10_000
    assert "Not shown: 10,000 holds" in text
    assert len(text.encode()) < 2_000_000


def test_writes_to_the_file_it_is_given() -> None:
    """The page goes to any text file."""
    file = io.StringIO("")
    write_page(file, EMPTY)
    assert file.getvalue().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1500, "1.5 µs"),
        (12_340_000, "12.3 ms"),
        (999_960_000, "1,000 ms"),
        (65e9, "65 s"),
    ],
)
def test_durations(ns: float, text: str) -> None:
    """Lengths of time have three digits that matter."""
    assert duration(ns) == text
