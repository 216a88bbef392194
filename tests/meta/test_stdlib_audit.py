# SPDX-License-Identifier: MIT
"""The audit of the standard library: its page is made of its results, and shows what it says.

``OWNED_STRESS=1`` on 3.13t runs the programs that show races; each has to lose something.
"""

from __future__ import annotations

import importlib
import json
import os
import pathlib
import sys
import sysconfig
from types import ModuleType

import pytest

import checkout

REPRODUCERS = sorted((checkout.ROOT / "docs" / "stdlib-audit").glob("*.py"))
WHERE_FOUND = sys.version_info[:2] == (3, 13) and bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
WANTED = [
    "functools",
    "bisect",
    "calendar",
    "codecs",
    "collections",
    "configparser",
    "contextlib",
    "copyreg",
    "csv",
    "dbm",
    "difflib",
    "email",
    "enum",
    "fractions",
    "gettext",
    "heapq",
    "html",
    "http.cookiejar",
    "http.client",
    "http.server",
    "inspect",
    "io",
    "ipaddress",
    "json",
    "linecache",
    "locale",
    "logging",
    "mailbox",
    "mimetypes",
    "optparse",
    "pathlib",
    "pickle",
    "plistlib",
    "pprint",
    "queue",
    "random",
    "re",
    "sched",
    "selectors",
    "shelve",
    "shlex",
    "socketserver",
    "statistics",
    "string",
    "subprocess",
    "tempfile",
    "textwrap",
    "threading",
    "tokenize",
    "traceback",
    "types",
    "typing",
    "urllib",
    "uuid",
    "warnings",
    "weakref",
    "xmlrpc",
    "zipfile",
]


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(checkout.ROOT))
    return importlib.import_module("benchmarks.stdlib.table")


def rows(page: str) -> dict[str, list[str]]:
    cells = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| `")]
    return {row[0].strip().strip("`"): [cell.strip() for cell in row[1:]] for row in cells}


def test_the_page_is_made_of_the_results(part: ModuleType) -> None:
    """docs/stdlib-audit.md is what the results and the verdicts in the tree give."""
    assert part.page(part.audits.load()) == part.PAGE.read_text(encoding="utf-8")


def test_every_module_has_a_row(part: ModuleType) -> None:
    """At least 60 modules; those that were asked for by name, or parts of them; nothing without a subject."""
    found = rows(part.PAGE.read_text(encoding="utf-8"))
    assert len(found) >= 60
    for name in WANTED:
        assert any(row == name or row.startswith(f"{name}.") for row in found), name
    assert len(found) == len(part.subjects.STEMS)


def test_every_race_has_been_judged(part: ModuleType) -> None:
    """Nobody has left a race unlooked at, and each entry of known.toml is about a module that is audited."""
    results = part.audits.load()
    assert not [race for result in results for _, races in part.judged(result)[part.UNJUDGED] for race in races]
    assert {entry.module for entry in part.known.entries()} <= {result["module"] for result in results}


def test_every_true_race_has_a_program(part: ModuleType) -> None:
    """A true race names a program that is there, no other race does, and there is no program that nobody names."""
    entries = part.known.entries()
    assert {entry.reproducer for entry in entries} - {""} == {path.name for path in REPRODUCERS}
    for entry in entries:
        assert bool(entry.reproducer) == (entry.verdict == part.TRUE), entry
        assert entry.why.endswith(".") and "\n" not in entry.why


def test_what_was_not_reached_is_not_clean(part: ModuleType) -> None:
    """A module is called clean only if half of the lines that write ran on two threads, and nothing was found."""
    result = {
        "module": "bisect",
        "lines": 10,
        "reached": 5,
        "races": [],
        "runs": {"module": {"status": 0}},
    }
    assert part.verdict_on(result) == "clean"
    assert part.verdict_on(result | {"reached": 4}) == "not enough reached"
    assert part.verdict_on(result | {"runs": {"module": {"status": None}}}) == "the run did not end"
    assert part.verdict_on(result | {"runs": {"module": {"status": 1, "said": "Traceback"}}}) == "the run did not end"


def test_lines_that_write(part: ModuleType, tmp_path: pathlib.Path) -> None:
    """Counted is what the rewriter tells of as a write, in functions only, and not what a program does at its end."""
    source = [
        "TOTAL = 0",
        "def function(self, items):",
        "    global TOTAL",
        "    TOTAL += 1",  # 4
        "    self.x = 1",  # 5
        "    items[0] = 2",  # 6
        "    items.append(3)",  # 7
        "    local = items.copy()",
        "    del items[1], self.y",  # 9
        "    self.get().x += 1",  # 10
        "    return local, (lambda: items.sort())",  # 11
        "if __name__ == '__main__':",
        "    def main(self): self.x = 1",
    ]
    file = tmp_path / "module.py"
    file.write_text("\n".join(source))
    reach = importlib.import_module("benchmarks.stdlib.reach")
    assert reach.mutating_lines(str(file)) == {4, 5, 6, 7, 9, 10, 11}


def test_driving_a_module(part: ModuleType, tmp_path: pathlib.Path) -> None:
    """One module from the process to its result: what threads do to a shared list races, and its lines are reached."""
    answer = part.audits.run("bisect", "object", 1, tmp_path)
    assert answer["status"] == 1 and not answer["hung"], answer
    assert answer["reached"]
    races = part.audits.races_of(answer["document"], "object")
    assert any("bisect.insort_right" in race["functions"] and race["variable"].startswith("a") for race in races)
    json.dumps(races)


@pytest.mark.skipif("OWNED_STRESS" not in os.environ, reason="slow: run with OWNED_STRESS set")
@pytest.mark.skipif(not WHERE_FOUND, reason="they are about 3.13t: some are mended in later versions")
@pytest.mark.parametrize("program", REPRODUCERS, ids=lambda path: path.stem)
def test_program_shows_its_race(program: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """The program ends with 1, and says in a line what went wrong."""
    done = checkout.python(str(program), cwd=tmp_path, check=False, PYTHON_GIL="0")
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stdout.splitlines()[0]
