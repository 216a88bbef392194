# SPDX-License-Identifier: MIT
"""The programs of docs/examples/recipes: each does its job, in strict mode, without a violation."""

from __future__ import annotations

import re
import runpy
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import owned
from checkout import ROOT

RECIPES = ROOT / "docs" / "examples" / "recipes"

PRINTS = {
    "actor": "2000 in the ledger, 80 of 240 refused\n",
    "asyncio_front": "10 of 10 connections were told the right sum\n",
    "cache": "96 right answers of 96, 12 of 12 computed once\n",
    "configuration": "version 20 of 20, 6 of 6 readers never went back\n",
    "counter": "1800 served, 200 failed, 2000 of 2000\nlongest 8 ms, mean 4.0 ms\n",
    "pipeline": "200 of 200 orders at the door, 399 items\n",
    "worker_pool": "462 of 462 bright, 3 failed\n",
}


@pytest.fixture
def touched_by(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The names of the threads that were started."""
    started: set[str] = set()
    run: Callable[[threading.Thread], None] = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        started.add(thread.name)
        run(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    yield started


@pytest.mark.parametrize("name", PRINTS)
def test_recipe(name: str, touched_by: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    """In strict mode it prints what is right, from several threads, and there is no violation and no warning."""
    with owned.strict():
        before = len(owned.violations())
        recipe: dict[str, Any] = runpy.run_path(str(RECIPES / f"{name}.py"))
        recipe["main"]()
        assert owned.violations()[before:] == ()
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (PRINTS[name], "")
    assert len(touched_by) > 1
    assert not [thread for thread in threading.enumerate() if thread.name in touched_by]


def test_every_recipe_is_run_and_explained() -> None:
    """A recipe that is added is in the table above and on the page."""
    names = {path.stem for path in RECIPES.glob("*.py")}
    assert names == set(PRINTS)
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert set(re.findall(r"examples/recipes/(\w+)\.py", page)) == names
