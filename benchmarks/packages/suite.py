# SPDX-License-Identifier: MIT
"""Get a package with its tests, and run them: plainly, audited, and audited with its races mended."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
import venv
from collections import Counter
from pathlib import Path
from typing import Any

import attrs

from benchmarks.packages.subjects import CHECKOUT, HERE, Subject

PLAIN, AUDITED, FIXED = "plain", "audited", "fixed"
_IS_FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
INTERPRETER = f"{sys.version_info.major}.{sys.version_info.minor}{'t' if _IS_FREE_THREADED else ''}"
_LIMIT = 1800  # seconds


def described() -> str:
    """This interpreter, in words."""
    return f"{platform.python_version()} {'without' if _IS_FREE_THREADED else 'with'} the GIL"


@attrs.frozen
class Suite:
    """The tests of a package, ready to be run by this interpreter.

    Args:
        subject: the package.
        folder: where all of it is.
    """

    subject: Subject
    folder: Path

    @property
    def python(self) -> Path:
        """The interpreter that has what the tests need."""
        return self.folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"

    def source(self, mode: str) -> Path:
        """The source distribution, as it is or mended."""
        return self.folder / ("mended" if mode == FIXED else "source") / self.subject.stem

    def prepare(self, wheels: Path) -> None:
        """Fetch the package, make a virtual environment with what its tests need and with this checkout, mend a copy.

        What was fetched and installed before, for the same versions, is used again.

        Args:
            wheels: where this checkout's wheel is, built once for all packages.
        """
        needs, ready = (HERE / f"{self.subject.name}.txt").read_text(), self.folder / "ready.txt"
        if not ready.exists() or ready.read_text() != f"{self._pinned()}\n{needs}":
            shutil.rmtree(self.folder, ignore_errors=True)
            venv.create(self.folder / "venv", with_pip=True)
            self._fetch()
            self._pip("install", "-r", str(HERE / f"{self.subject.name}.txt"))
            self._pip("install", "--no-deps", str(self.source(PLAIN)))
            ready.write_text(f"{self._pinned()}\n{needs}")
        self._pip("install", "--no-deps", "--force-reinstall", *map(str, wheels.glob("owned-*.whl")))
        shutil.rmtree(self.source(FIXED), ignore_errors=True)
        shutil.copytree(self.source(PLAIN), self.source(FIXED))
        for patch in self.subject.patches:
            command = ["patch", "--strip=1", "--forward", "--batch", f"--input={patch}"]
            subprocess.run(command, cwd=self.source(FIXED), check=True, stdout=subprocess.DEVNULL)

    def _pinned(self) -> str:
        pinned = f"{self.subject.name}=={self.subject.version} "
        (line,) = (line for line in (HERE / "sdists.txt").read_text().splitlines() if line.startswith(pinned))
        return line

    def _fetch(self) -> None:
        wanted = self.folder / "sdist.txt"
        wanted.write_text(f"{self._pinned()}\n")
        sdist = self.folder / "sdist"
        self._pip(
            "download", "-d", str(sdist), "--no-binary", ":all:", "--no-deps", "--require-hashes", "-r", str(wanted)
        )
        (archive,) = sdist.glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(self.folder / "source", filter="data")

    def _pip(self, *arguments: str) -> None:
        pip = [str(self.python), "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, *arguments], check=True)

    def run(self, mode: str) -> dict[str, Any]:
        """Run the tests once.

        What is found does not fail a test: it is written into a baseline, so that a test which fails does so because
        the audit has broken it, or of itself.

        Returns:
            ``wall`` and ``cpu`` seconds; audited also ``tests`` (which passed, compared with the plain run before it),
            ``races``, ``exposed`` (how many variables are in which state) and ``forgotten``.
        """
        source, place = self.source(mode), self.folder / "runs" / mode
        shutil.rmtree(place, ignore_errors=True)
        (place / "tmp").mkdir(parents=True)
        (place / "pytest.ini").write_text("[pytest]\n")
        command = [
            str(self.python),
            "-m",
            "pytest",
            "-q",
            "--tb=short",
            "-W",
            "ignore",
            "-c",
            str(place / "pytest.ini"),
        ]
        command += ["--rootdir", str(source), "-p", "no:cacheprovider", "-p", "outcomes", *self._options(mode, place)]
        variables = {key: value for key, value in os.environ.items() if not key.startswith(("OWNED", "PYTEST"))}
        variables["OWNED_OUTCOMES"] = str(place / "outcomes.json")
        variables["PYTHONPATH"] = os.pathsep.join([str(source / self.subject.code), str(HERE)])
        variables["TMPDIR"] = str(place / "tmp")
        if _IS_FREE_THREADED:
            variables["PYTHON_GIL"] = "0"
        with open(place / "output.txt", "wb") as output:
            before, began = os.times(), time.monotonic()
            subprocess.run(
                [*command, *self.subject.tests],
                cwd=source,
                env=variables,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_LIMIT,
            )
            wall, after = time.monotonic() - began, os.times()
        cpu = after.children_user - before.children_user + after.children_system - before.children_system
        told = {"wall": round(wall, 1), "cpu": round(cpu, 1)}
        try:
            outcomes = self._outcomes(mode)
            if mode == PLAIN:
                return told
            document = json.loads((place / "report.json").read_text())
            return told | {"tests": compared(self._outcomes(PLAIN), outcomes)} | self._found(document, source)
        except FileNotFoundError as error:
            raise SystemExit(f"{self.subject.name} {mode}: no {error.filename}; see {place / 'output.txt'}") from None

    def _outcomes(self, mode: str) -> dict[str, str]:
        outcomes: dict[str, str] = json.loads((self.folder / "runs" / mode / "outcomes.json").read_text())
        return outcomes

    def _options(self, mode: str, place: Path) -> list[str]:
        if mode == PLAIN:
            return ["-p", "no:owned"]
        audit = ["--owned-audit", "--owned-audit-include", self.subject.package]
        known, report = place / "baseline.json", place / "report.json"
        return [*audit, "--owned-audit-write-baseline", str(known), "--owned-audit-report", str(report)]

    def _found(self, document: dict[str, Any], source: Path) -> dict[str, Any]:
        """What of the audit's document is kept."""
        races: dict[str, dict[str, Any]] = {}
        for race in document["races"]:
            kept = {
                "certainty": race["certainty"],
                "variable": re.sub(r"\[.*\]$", "[...]", race["variable"], flags=re.DOTALL),
                "accesses": sorted([self._access(access, source) for access in race["accesses"]], key=str),
            }
            one = races.setdefault(json.dumps(kept, sort_keys=True), kept | {"tests": []})
            one["tests"] = sorted({*one["tests"], *race["tests"]})
        return {
            "races": sorted(races.values(), key=lambda race: (race["variable"], str(race["accesses"]))),
            "exposed": dict(Counter(exposure["state"] for exposure in document["exposures"])),
            "forgotten": document["forgotten"],
        }

    def _access(self, access: dict[str, Any], source: Path) -> dict[str, Any]:
        nowhere: dict[str, Any] = {"file": "", "line": 0, "function": ""}
        place = access["stack"][0] if access["stack"] else nowhere
        file = source / place["file"]
        for base in (source / self.subject.code, source):
            if file.is_relative_to(base):
                file = file.relative_to(base)
                break
        told = {"file": file.as_posix(), "line": place["line"], "function": place["function"]}
        return told | {"verb": access["verb"], "locked": bool(access["locks"])}


def wheel(folder: Path) -> Path:
    """Build this checkout; give back the folder that has its wheel."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "wheel",
        "--quiet",
        "--no-deps",
        "-w",
        str(folder),
    ]
    subprocess.run([*command, str(CHECKOUT)], check=True)
    return folder


def compared(plain: dict[str, str], audited: dict[str, str]) -> dict[str, Any]:
    """How many tests passed in both, and which in one of the two only."""
    passed = {test for test, outcome in plain.items() if outcome == "passed"}
    also = {test for test, outcome in audited.items() if outcome == "passed"}
    return {
        "plain": len(passed),
        "both": len(passed & also),
        "lost": sorted(passed - also),
        "won": sorted(also - passed),
    }
