# SPDX-License-Identifier: MIT
"""Other people's test suites under ``owned``: what it finds in them, and how much slower they are.

    python benchmarks/suites/bench_suites.py [--rounds 5] [--only cachetools] [--folder build/suites]

It fetches three pinned sdists from the package index with pip, makes a virtual environment with their dependencies and
this checkout, and runs each package's own tests: without owned, and in each mode, the modes interleaved, round after
round. A few classes are guarded by the pyproject.toml beside this file, and nothing else. The policy is ``count``: a
violation passes, so that a suite runs to its end.

Measured is the processor time of the whole pytest run, start and imports included, as a ratio to the run without
owned, as the median of the rounds with the lowest and the highest beside it. Processor time, because two of the suites
mostly sleep and wait for the disk: their wall-clock ratios say nothing about checks. Not measured: anything on several
processors, memory.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tarfile
import time
import venv
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
MODES = ("without", "off", "guard", "checked", "strict")

_NOT_HERE = ("sqlalchemy", "mongodb", "redis", "Mongo", "Redis", "SQLA", "Gevent", "Twisted", "Tornado", "Qt")

# The tests of each package, as pytest arguments: those that need a server or a framework are left out, and those that
# open a queue a thousand times only to wait for the disk.
SUITES: dict[str, tuple[str, ...]] = {
    "cachetools": ("tests",),
    "persist-queue": (
        "persistqueue/tests/test_queue.py",
        "persistqueue/tests/test_sqlqueue.py",
        "-k",
        "not open_close_1000",
    ),
    "APScheduler": (
        *(f"tests/test_{name}.py" for name in ("job", "schedulers", "executors", "jobstores")),
        "-k",
        " and ".join(f"not {name}" for name in _NOT_HERE),
    ),
}


def prepare(folder: pathlib.Path) -> tuple[pathlib.Path, dict[str, pathlib.Path]]:
    """Fetch, unpack and install. Returns the environment's interpreter and where each package's source is."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = folder / "venv"
    venv.create(environment, clear=True, with_pip=True)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "-q"]
    sdists = folder / "sdists"
    shutil.rmtree(sdists, ignore_errors=True)
    fetch = ["--no-binary", ":all:", "--no-deps", "--require-hashes", "-r", str(HERE / "sdists.txt")]
    subprocess.run([*pip, "download", "-d", str(sdists), *fetch], check=True)
    subprocess.run([*pip, "install", "-r", str(HERE / "requirements.txt")], check=True)
    found = {}
    for name in SUITES:
        (archive,) = (path for path in sdists.glob("*.tar.gz") if _stem(path.name) == _stem(name))
        source = folder / "src" / name
        shutil.rmtree(source, ignore_errors=True)
        with tarfile.open(archive) as tar:
            tar.extractall(source, filter="data")
        (found[name],) = source.iterdir()
        subprocess.run([*pip, "install", "--no-deps", str(found[name])], check=True)
    subprocess.run([*pip, "install", "--no-deps", str(CHECKOUT)], check=True)
    return python, found


def _stem(name: str) -> str:
    return name.lower().replace("_", "-").partition("-1.")[0].partition("-3.")[0].partition("-8.")[0]


def run(python: pathlib.Path, folder: pathlib.Path, source: pathlib.Path, name: str, mode: str) -> dict[str, Any]:
    """Run one suite once. Returns what it found, with ``cpu`` and ``wall`` seconds."""
    place = folder / "runs" / name
    shutil.rmtree(place, ignore_errors=True)
    (place / "tmp").mkdir(parents=True)
    if mode != "without":
        shutil.copy(HERE / f"{name}.toml", place / "pyproject.toml")
    (place / "pytest.ini").write_text("[pytest]\n")
    result = place / "result.json"
    owned = ["-p", "no:owned"] if mode == "without" else [f"--owned={mode}"]
    arguments = [str(source / part) if part.startswith(("tests", "persistqueue/")) else part for part in SUITES[name]]
    command = [
        str(python),
        "-m",
        "pytest",
        "-q",
        "--tb=no",
        "-W",
        "ignore",
        "-p",
        "count_violations",
        "-c",
        "pytest.ini",
    ]
    command += ["--rootdir", str(source), "-p", "no:cacheprovider", *owned, *arguments]
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("OWNED", "PYTEST"))}
    variables |= {"OWNED_SUITES_RESULT": str(result), "PYTHONPATH": str(HERE), "TMPDIR": str(place / "tmp")}
    with open(place / "output.txt", "wb") as output:
        before = os.times()
        start = time.monotonic()
        subprocess.run(command, cwd=place, env=variables, stdout=output, stderr=subprocess.STDOUT, timeout=1800)
        wall = time.monotonic() - start
        after = os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    if not result.exists():
        raise SystemExit(f"{name} in mode {mode} did not finish; see {place / 'output.txt'}")
    found: dict[str, Any] = json.loads(result.read_text())
    return found | {"cpu": cpu, "wall": wall}


def broken(found: dict[str, Any], without: dict[str, Any]) -> list[str]:
    """Tests that fail though they pass without owned, and though no violation happened in them."""
    return sorted(
        test
        for test, outcome in found["results"].items()
        if outcome == "failed" and without["results"].get(test) != "failed" and test not in found["violating"]
    )


def verdicts() -> dict[tuple[str, str, str], str]:
    """What each site of a report was judged to be, by package, file and line: findings.txt."""
    judged = {}
    for line in (HERE / "findings.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            package, place, verdict = line.split(maxsplit=2)
            file, _, number = place.partition(":")
            judged[package, file, number] = verdict
    return judged


def sites(name: str, source: pathlib.Path, found: dict[str, Any]) -> collections.Counter[tuple[str, str]]:
    """Each place of the suite that was reported, with its verdict, and how often."""
    judged = verdicts()
    counted: collections.Counter[tuple[str, str]] = collections.Counter()
    for file, line, _error, _touch, count in found["sites"]:
        path = pathlib.Path(file)
        if path.is_relative_to(source):  # a package is imported from where its tests are, unless it is in src/
            short = path.relative_to(source).as_posix()
        else:
            short = path.as_posix().rpartition("site-packages/")[2]
        verdict = judged.get((name, short, str(line))) or judged.get((name, short, "*"), "not judged")
        if "/tests/" in f"/{short}":
            verdict = "the tests' own"
        counted[f"{short}:{line}", verdict] += count
    return counted


def ratio(values: list[float], base: list[float]) -> str:
    """The median ratio of rounds, with its range."""
    ratios = [value / other for value, other in zip(values, base, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def main() -> None:
    """Prepare, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=sorted(SUITES), action="append")
    parser.add_argument("--folder", type=pathlib.Path, default=CHECKOUT / "build" / "suites")
    options = parser.parse_args()
    folder = options.folder.resolve()
    python, sources = prepare(folder)
    names = options.only or list(SUITES)
    runs: dict[str, dict[str, list[dict[str, Any]]]] = {name: {mode: [] for mode in MODES} for name in names}
    for number in range(options.rounds):
        for name in names:
            for mode in MODES:
                found = run(python, folder, sources[name], name, mode)
                runs[name][mode].append(found)
                print(f"round {number + 1} {name} {mode}: {found['cpu']:.2f} s", file=sys.stderr, flush=True)
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} processors")
    print(f"{options.rounds} rounds, processor time as a ratio to the run without owned: median (lowest-highest)\n")
    print("| package | tests | without, s | " + " | ".join(MODES[1:]) + " |")
    print("|---|---|---|" + "---|" * (len(MODES) - 1))
    for name in names:
        base = [found["cpu"] for found in runs[name]["without"]]
        ratios = [ratio([found["cpu"] for found in runs[name][mode]], base) for mode in MODES[1:]]
        count = len(runs[name]["without"][0]["results"])
        print(f"| {name} | {count} | {statistics.median(base):.2f} | " + " | ".join(ratios) + " |")
    for name in names:
        without = runs[name]["without"][0]
        for mode in MODES[1:]:
            found = runs[name][mode][-1]
            total = sum(site[-1] for site in found["sites"])
            bad = broken(found, without)
            tests = len(found["violating"])
            print(f"\n{name}, {mode}: {total} violations in {tests} tests; broken without one: {len(bad)}")
            for test in bad:
                print(f"    {test}")
        print(f"\n{name}, strict, by site:")
        by_site = sites(name, sources[name], runs[name]["strict"][-1])
        for (place, verdict), count in sorted(by_site.items(), key=lambda item: (item[0][1], item[0][0])):
            print(f"  {count:5d}  {place:55s} {verdict}")
        for verdict, number in sorted(collections.Counter(verdict for _place, verdict in by_site).items()):
            count = sum(value for (_place, kind), value in by_site.items() if kind == verdict)
            print(f"  {verdict}: {count} violations at {number} sites")


if __name__ == "__main__":
    main()
