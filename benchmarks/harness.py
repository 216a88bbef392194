# SPDX-License-Identifier: MIT
"""How every question of ``benchmarks/`` is measured.

A question is a module ``bench_<question>.py`` with a title ``QUESTION``, a docstring that tells what is and what is
not measured, ``cases()``, and ``missing()``: the peers that are not installed here. What is compared stands in one
row: cases with the same ``what``.

Each question is measured in several fresh processes. In each of them, every case first finds out how many loops take
some milliseconds (which also warms it up). Then come the rounds: in each, all subjects of a row run one directly after
the other, in an order that rotates from round to round, so that whatever else the machine does falls on all of them.
A ratio is formed within a round; told are the median of these ratios and the range from the 10th to the 90th
percentile.

Nothing is subtracted: ``statement`` repeats what is measured so often in the body of its loop that the loop costs next
to nothing. The collector stays on, as in the programs that this is about; what the benchmarks themselves made is taken
out of its sight first. Time on one thread is the thread's processor time, that of several threads is the clock's.

What is kept is a ``pyperf.BenchmarkSuite``, one benchmark for each case and one run for each process; the n-th values
of two cases of a row are of the same round.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

HERE = Path(__file__).parent
REPEATS = 20  # how often `statement` repeats what it measures
WARM_UP = 150  # loops; CPython 3.11 needs the most, about 120
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
INTERPRETER = f"{sys.version_info.major}.{sys.version_info.minor}{'t' if FREE_THREADED else ''}"

Time = Callable[[int], float]


@attrs.frozen
class Case:
    """One subject in one row.

    Attributes:
        what: The row: "attribute read".
        subject: Who does it: "plain slots", "zope.proxy".
        time: Seconds that so many loops take; or the value itself, asked for one loop, if the unit is not "second".
        peer: The subject of the same row that is 1.00.
        goal: What the ratio to `peer` may be at most.
        also: What the ratio to other subjects of the row may be at most.
        per_loop: How often a loop does what is measured.
        unit: What is measured.
        rounds: The most rounds it gets in each process, with all its row: for what takes long.
        seconds: What it should take in one round, if not as long as others: threads need time to get at one another.
    """

    what: str
    subject: str
    time: Time
    peer: str | None = None
    goal: float | None = None
    also: Mapping[str, float] = attrs.field(factory=dict, kw_only=True)
    per_loop: int = attrs.field(default=1, kw_only=True)
    unit: Literal["second", "byte", "integer"] = attrs.field(default="second", kw_only=True)
    rounds: int | None = attrs.field(default=None, kw_only=True)
    seconds: float | None = attrs.field(default=None, kw_only=True)


@attrs.frozen
class Effort:
    """How long to measure."""

    processes: int
    rounds: int
    seconds: float  # what a case should take in one round


FULL = Effort(processes=3, rounds=8, seconds=0.003)
QUICK = Effort(processes=1, rounds=3, seconds=0.001)


def questions() -> list[str]:
    """The names of all questions."""
    found = [path for path in HERE.glob("bench_*.py") if "\nQUESTION = " in path.read_text(encoding="utf-8")]
    return sorted(path.stem.removeprefix("bench_") for path in found)


# Making cases.


def statement(
    code: str,
    names: Mapping[str, Any] | None = None,
    *,
    repeats: int = REPEATS,
    clock: Callable[[], float] | None = None,
) -> Time:
    """Seconds that loops over `code` take, which stands in the body `repeats` times and sees `names` as locals.

    A case made of it says so: ``per_loop=REPEATS``.
    """
    space: dict[str, Any] = {**(names or {}), "clock": clock or time.thread_time}
    lines = [
        f"def make({', '.join(space)}):",
        f"  def timed(loops, {', '.join(f'{name}={name}' for name in space)}):",
        "    begin = clock()",
        "    for _ in range(loops):",
        *[f"      {line}" for line in code.splitlines() * repeats],
        "    return clock() - begin",
        "  return timed",
    ]
    made: dict[str, Any] = {}
    exec("\n".join(lines), made)
    timed: Time = made["make"](**space)
    return timed


def entered(context: Callable[[], contextlib.AbstractContextManager[object]], timed: Time) -> Time:
    """`timed` inside of a fresh `context()` each time, warmed up: a switch of the mode undoes what is specialized."""

    def inside(loops: int) -> float:
        with context():
            timed(min(loops, WARM_UP))
            return timed(loops)

    return inside


def in_threads(*works: Callable[[int], object]) -> Time:
    """Seconds until threads that begin at once have done their loops: one for each of `works`."""

    def timed(loops: int) -> float:
        begin = threading.Barrier(len(works) + 1)
        failed: list[BaseException] = []

        def run(work: Callable[[int], object]) -> None:
            begin.wait(60)
            try:
                work(loops)
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=run, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        begin.wait(60)
        started = time.perf_counter()
        for thread in threads:
            thread.join()
        taken = time.perf_counter() - started
        if failed:
            raise failed[0]
        return taken

    return timed


def importable(name: str) -> Any:
    """The module of a peer; None if it cannot be imported here."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def not_importable(*names: str) -> list[str]:
    """Those of the modules that cannot be imported here."""
    return [name for name in names if importable(name) is None]


# Measuring, in a process of its own.


def rows(cases: Iterable[Case]) -> dict[str, list[Case]]:
    """The cases by what they measure."""
    by_what: dict[str, list[Case]] = {}
    for case in cases:
        by_what.setdefault(case.what, []).append(case)
    for what, row in by_what.items():
        subjects = [case.subject for case in row]
        if len(set(subjects)) != len(subjects):
            raise ValueError(f"{what}: a subject stands there twice: {', '.join(subjects)}")
        if wrong := [case.subject for case in row if case.peer is not None and case.peer not in subjects]:
            raise ValueError(f"{what}: the peer of {', '.join(wrong)} is not in its row")
    return by_what


@contextlib.contextmanager
def _named(case: Case) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(f"while measuring: {case.what}: {case.subject}")
        raise


def calibrated(case: Case, seconds: float) -> int:
    """How many loops take `seconds`, or what the case asks for; fewer where what surrounds them takes much longer."""
    seconds = case.seconds or seconds
    loops = 1
    while case.unit == "second":
        began = time.perf_counter()
        with _named(case):
            taken = case.time(loops)
        if taken >= seconds / 2:
            return max(1, round(loops * seconds / taken))
        if time.perf_counter() - began >= 50 * seconds:
            break
        loops *= 2
    return loops


LEAST = (
    1e-10  # seconds: what is the difference of two times may come out as less than nothing, and pyperf keeps no such
)


def _kept(value: float, unit: str) -> float:
    return float(f"{max(value, LEAST):.4g}") if unit == "second" else max(1, round(value))


def measure(cases: list[Case], effort: Effort, process: int) -> list[dict[str, Any]]:
    """All cases, as JSON takes them."""
    by_what = rows(cases)
    gc.collect()
    gc.freeze()
    loops = {id(case): calibrated(case, effort.seconds) for case in cases}
    values: dict[int, list[float]] = {id(case): [] for case in cases}
    for number in range(effort.rounds):
        for row in by_what.values():
            if number >= min((case.rounds for case in row if case.rounds is not None), default=effort.rounds):
                continue
            first = (number + process) % len(row)
            for case in row[first:] + row[:first]:
                with _named(case):
                    value = case.time(loops[id(case)])
                values[id(case)].append(value / loops[id(case)] / case.per_loop)
    return [
        {
            "what": case.what,
            "subject": case.subject,
            "unit": case.unit,
            "loops": loops[id(case)],
            "per_loop": case.per_loop,
            "goals": ({case.peer: case.goal} if case.peer and case.goal is not None else {}) | dict(case.also),
            "peer": case.peer,
            "values": [_kept(value, case.unit) for value in values[id(case)]],
        }
        for case in cases
    ]


# Starting these processes, and keeping what they found.


def environment() -> dict[str, str]:
    """For a process that measures: whatever is set outside, the mode is checked, and the GIL off where it can be.

    An extension that does not know of free threads would bring it back.
    """
    known = {"OWNED_MODE": "checked", "OWNED_POLICY": "raise"}
    return os.environ | known | ({"PYTHON_GIL": "0"} if FREE_THREADED else {})


def run(question: str, effort: Effort) -> list[Any]:
    """Measure a question, and make a pyperf.Benchmark of each case."""
    found = []
    for process in range(effort.processes):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "measured.json")
            subprocess.run(
                [
                    *(sys.executable, "-m", "benchmarks.worker", question, str(out)),
                    *("--process", str(process), "--rounds", str(effort.rounds), "--seconds", str(effort.seconds)),
                ],
                check=True,
                cwd=HERE.parent,
                env=environment(),
            )
            found.append(json.loads(out.read_text(encoding="utf-8")))
    return benchmarks(question, found)


def benchmarks(question: str, found: list[dict[str, Any]]) -> list[Any]:
    """What the processes found, as pyperf keeps it."""
    import pyperf

    made = []
    for same in zip(*(process["cases"] for process in found), strict=True):
        runs = []
        for case in same:
            metadata = {
                "name": f"{question}: {case['what']}: {case['subject']}",
                "question": question,
                "what": case["what"],
                "subject": case["subject"],
                "goals": json.dumps(case["goals"]),
                "unit": case["unit"],
                "missing": ", ".join(found[0]["missing"]) or "nothing",
                "python_version": platform.python_version() + (" (free-threaded)" if FREE_THREADED else ""),
                "python_implementation": platform.python_implementation().lower(),
                "platform": f"{platform.system()} {platform.machine()}",
                "cpu_count": os.cpu_count() or 1,
            }
            if case["peer"] is not None:
                metadata["peer"] = case["peer"]
            if case["unit"] == "second":
                metadata |= {"loops": case["loops"], "inner_loops": case["per_loop"]}
            runs.append(pyperf.Run(case["values"], metadata=metadata, collect_metadata=False))
        made.append(pyperf.Benchmark(runs))
    return made


def keep(question: str, measured: list[Any], folder: Path) -> None:
    """Put the results of a question in the place of the older ones of this interpreter."""
    import pyperf

    kept = folder / f"{INTERPRETER}.json"
    others = []
    if kept.exists():
        suite = pyperf.BenchmarkSuite.load(str(kept))
        others = [benchmark for benchmark in suite if benchmark.get_metadata()["question"] != question]
    folder.mkdir(parents=True, exist_ok=True)
    pyperf.BenchmarkSuite([*others, *measured]).dump(str(kept), compact=True, replace=True)
