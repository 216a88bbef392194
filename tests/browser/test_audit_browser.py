# SPDX-License-Identifier: MIT
"""The page of an audit in a real browser: its script runs, it can be read and used, and it fits a phone."""

import html
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import attrs
import pytest

from audits import Bank
from owned._audit import _html
from owned._audit._findings import Findings, Thread

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--allow-file-access-from-files",
)


@pytest.fixture(scope="module", params=["light", "dark"])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the browser made of the pages, with light and with dark colours."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium here")
    folder = tmp_path_factory.mktemp("audit")
    bank = Bank(folder)
    hostile = "</script><script>document.documentElement.dataset.broken = 1</script>" + "x" * 100
    found = bank.findings()
    for name, findings in {
        "audit": found,
        "empty": Findings(),
        "hostile": attrs.evolve(
            found, threads=tuple(Thread(number, hostile) for number in (1, 2, 3)), notes=(hostile,)
        ),
    }.items():
        page = io.StringIO()
        _html.write(page, bank.report(findings), 1)
        (folder / f"{name}.html").write_text(page.getvalue(), encoding="utf-8")
    shutil.copy(Path(__file__).with_name("audit_probe.html"), folder)
    dark = ["--blink-settings=preferredColorScheme=0"] if request.param == "dark" else []
    told = subprocess.run(
        [
            browser,
            *_FLAGS,
            *dark,
            f"--user-data-dir={folder / 'profile'}",
            "--dump-dom",
            (folder / "audit_probe.html").as_uri(),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    body = re.search(r"<body>(.*)</body>", told.stdout, re.DOTALL)
    assert body, told.stdout + told.stderr
    return dict(json.loads(html.unescape(body[1])))


@pytest.mark.parametrize("name", ["phone", "desktop", "empty", "hostile"])
def test_script_runs(seen: dict[str, Any], name: str) -> None:
    """On every page the script comes to its end, and nothing of the program runs."""
    assert (seen[name]["script"], seen[name]["error"], seen[name]["broken"]) == ("ran", None, None)


@pytest.mark.parametrize("name", ["phone", "empty", "hostile"])
def test_page_fits_a_phone(seen: dict[str, Any], name: str) -> None:
    """At a width of 360 pixels, with all that can be opened open, the page does not scroll sideways."""
    assert seen[name]["wide"] == []
    assert seen[name]["width"] == 360


@pytest.mark.parametrize("name", ["phone", "desktop", "empty"])
def test_page_can_be_read(seen: dict[str, Any], name: str) -> None:
    """Every text has a contrast of 4.5 to 1 or more, and what can be used is not tiny."""
    assert seen[name]["faint"] == []
    assert seen[name]["small"] == 0


def test_everything_is_there(seen: dict[str, Any]) -> None:
    """Races, nodes, edges and rows of the map; a link to a race opens it."""
    facts = seen["desktop"]
    assert (facts["articles"], facts["nodes"], facts["rows"]) == (4, 10, 6)
    assert facts["edges"] >= 14
    assert facts["opened"] == ["race-1", "race-3"]


def test_page_can_be_used(seen: dict[str, Any]) -> None:
    """Finding narrows races and map; a node of the graph brings out what it is connected with."""
    steps = seen["steps"]
    assert steps["found"] == [1, "1 of 4"]
    assert (steps["none"], steps["again"], steps["possible"]) == (0, 4, 1)
    assert (steps["rate"], steps["unprotected"]) == (1, 3)
    assert steps["picked"].count(True) == 2
    assert len(steps["picked"]) == 3  # the lock, and the two variables that it was held for
    assert steps["faded"] == 7
    assert steps["unpicked"] is False
