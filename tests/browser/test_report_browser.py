# SPDX-License-Identifier: MIT
"""The HTML report in a real browser: its script runs, what it draws can be used, and it fits a phone."""

import html
import json
import re
import shutil
import struct
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from owned._report_data import merge
from reports import add_holds, page, racy

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


@dataclass
class Browsed:
    """What a browser made of the report."""

    seen: dict[str, Any]
    screenshots: dict[tuple[int, int], Path]


def _browser() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browsed(tmp_path_factory: pytest.TempPathFactory) -> Browsed:
    """The report, seen by one run of the browser for its document and one for each screenshot, all at the same time."""
    browser = _browser()
    if browser is None:
        pytest.skip("no Chromium here")
    folder = tmp_path_factory.mktemp("browser")
    hostile = "</script><script>document.documentElement.dataset.broken = 1</script><img src=x onerror=alert(1)>"
    for name, document in {
        "report": add_holds(racy(title="pytest " + "tests/a_long_name_of_a_file_with_tests.py " * 3), 1000),
        "empty": racy(title="nothing") | {"violations": [], "objects": []},
        "hostile": add_holds(racy(title=hostile, test=hostile), 10),
        "merged": merge([add_holds(racy(process="gw0"), 100), add_holds(racy(process="gw1"), 100, locks=2)]),
    }.items():
        (folder / f"{name}.html").write_text(page(document), encoding="utf-8")
    shutil.copy(Path(__file__).with_name("probe.html"), folder)

    def run(name: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [browser, *_FLAGS, f"--user-data-dir={folder / name}-profile", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    sizes = [(390, 844), (1280, 900)]
    shots = {size: folder / f"{size[0]}.png" for size in sizes}
    report = (folder / "report.html").as_uri()
    runs = [run("probe", "--dump-dom", (folder / "probe.html").as_uri())]
    runs += [run(shot.stem, f"--screenshot={shot}", f"--window-size={w},{h}", report) for (w, h), shot in shots.items()]
    try:
        told = [one.communicate(timeout=60) for one in runs]
    finally:
        for one in runs:
            one.kill()
    body = re.search(r"<body>(.*)</body>", told[0][0], re.DOTALL)
    assert body, told[0]
    seen = json.loads(html.unescape(body[1]))
    assert "failed" not in seen, seen
    return Browsed(seen, shots)


def test_script_runs(browsed: Browsed) -> None:
    """On every page the script comes to its end, and no error."""
    for name in ("phone", "tablet", "desktop", "empty", "hostile", "merged"):
        facts = browsed.seen[name]
        assert (facts["script"], facts["error"], facts["scripted"]) == ("ran", None, True), name


def test_violations_and_timeline_are_there(browsed: Browsed) -> None:
    """Each violation is rendered, each lock has a lane, each thread in it a colour, and violations are marked."""
    facts = browsed.seen["desktop"]
    assert facts["articles"] == 2
    assert facts["lanes"] == [f"RLock {number}" for number in range(4)]
    assert facts["holds"] >= 100
    assert facts["markers"] >= 1
    assert {"holder-0", "holder-1", "holder-2"} <= set(facts["legend"])
    [name] = facts["named"]
    assert re.fullmatch(
        r"Timeline of locks and their holders: .* after the start: 4 locks, \d+ holds drawn, 5 violations\.", name
    )


@pytest.mark.parametrize("name", ["phone", "empty", "hostile", "merged"])
def test_page_fits_a_phone(browsed: Browsed, name: str) -> None:
    """At a width of 360 pixels, with all that can be opened open, the page does not scroll sideways."""
    facts = browsed.seen[name]
    assert facts["wide"] == []
    assert facts["width"] == 360
    assert facts["height"] > 400


def test_page_fits_other_screens(browsed: Browsed) -> None:
    """Neither does it on larger screens."""
    assert browsed.seen["tablet"]["width"] == 768
    assert browsed.seen["desktop"]["width"] == 1280


def test_no_string_becomes_markup(browsed: Browsed) -> None:
    """Markup in the names of tests stays text."""
    assert browsed.seen["hostile"]["broken"] is None


def test_link_opens_its_violation(browsed: Browsed) -> None:
    """A link to a violation opens it."""
    assert browsed.seen["tablet"]["open"] == ["violation-1", "violation-2"]


def test_finding(browsed: Browsed) -> None:
    """Words and a kind narrow the list, and how many are left is said."""
    steps = browsed.seen["steps"]
    assert steps["find"] == {"shown": ["violation-2"], "said": "1 of 2"}
    assert steps["nothing"] == {"shown": [], "said": "0 of 2"}
    assert steps["all"] == {"shown": ["violation-1", "violation-2"], "said": ""}
    assert steps["kind"] == ["violation-1"]


def test_timeline_is_used_by_keyboard(browsed: Browsed) -> None:
    """Keys and buttons zoom, move and go back to the whole run."""
    steps = browsed.seen["steps"]
    assert len({steps["start"], steps["zoomed"], steps["moved"], steps["button"]}) == 4
    assert steps["whole"] not in (steps["zoomed"], steps["moved"], steps["button"])


def test_timeline_tells_of_a_hold_and_a_violation(browsed: Browsed) -> None:
    """Pointing at a bar tells who held what for how long; marks lead to their violations, and those to their marks."""
    steps = browsed.seen["steps"]
    assert re.fullmatch(r"holder-\d held RLock 0 for [\d.,]+ (ns|µs|ms), from [\d.,]+ (ns|µs|ms|s)", steps["hold"])
    detail, article = steps["marker"]
    assert detail.startswith("Violation 1 by teller-1")
    assert article == "violation-1"
    words, place, markers = steps["shown"]
    assert place == "violation 2: read Account.balance"
    assert words != steps["whole"]
    assert markers >= 1


def test_thread_is_brought_out(browsed: Browsed) -> None:
    """Pressing a thread in the legend fades the others."""
    brought = browsed.seen["steps"]["brought"]
    assert brought["pressed"] == "true"
    assert min(brought["faded"], brought["clear"]) > 10


def test_one_process_at_a_time(browsed: Browsed) -> None:
    """Lanes of processes with different clocks do not mix: one chooses the process."""
    assert browsed.seen["steps"]["processes"] == ["gw0", "gw1"]
    assert browsed.seen["steps"]["lanes"] == [4, 2]


@pytest.mark.parametrize("size", [(390, 844), (1280, 900)], ids=["phone", "desktop"])
def test_screenshot_is_not_blank(browsed: Browsed, size: tuple[int, int]) -> None:
    """The page can be seen: a picture of that size in which most rows differ."""
    picture = browsed.screenshots[size].read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">II", picture[16:24]) == size
    packed, at = b"", 8
    while at < len(picture):
        length, kind = struct.unpack(">I4s", picture[at : at + 8])
        packed += picture[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    raw = zlib.decompress(packed)
    stride = len(raw) // size[1]
    rows = {raw[row * stride : (row + 1) * stride] for row in range(size[1])}
    assert len(rows) > size[1] // 4
