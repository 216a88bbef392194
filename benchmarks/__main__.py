# SPDX-License-Identifier: MIT
"""Measure on this interpreter, and write the tables and the pictures of docs/performance anew.

    python -m benchmarks                    every question
    python -m benchmarks fields locks       only these
    python -m benchmarks --report           measure nothing, write again what is known

An interpreter's numbers are kept in benchmarks/results, and the pages show those of all interpreters that are there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import attrs

from benchmarks import harness, report


def main() -> int:
    """Run what is asked for; the exit status tells whether all of it could be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = harness.questions()
    parser.add_argument("questions", nargs="*", metavar="question", help=f"of {', '.join(known)} (all)")
    parser.add_argument("--rounds", type=int, help=f"in each process ({harness.FULL.rounds})")
    parser.add_argument("--processes", type=int, help=f"({harness.FULL.processes})")
    parser.add_argument("--quick", action="store_true", help="does it run at all? Kept in build/benchmarks")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="where to keep and to write, for a try")
    parser.add_argument("--report", action="store_true", help="measure nothing, write again what is known")
    options = parser.parse_args()
    if unknown := set(options.questions) - set(known):
        parser.error(f"no such question: {', '.join(sorted(unknown))} (there are {', '.join(known)})")
    effort = harness.QUICK if options.quick else harness.FULL
    given = {name: value for name in ("rounds", "processes") if (value := getattr(options, name)) is not None}
    effort = attrs.evolve(effort, **given)
    results, pages = harness.HERE / "results", harness.HERE.parent / "docs" / "performance"
    if into := options.into or (harness.HERE.parent / "build" / "benchmarks" if options.quick else None):
        results, pages = into / "results", into / "performance"
    failed = [] if options.report else measure(options.questions or known, effort, results)
    report.write(results, pages)
    if failed:
        print(f"not measured: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


def measure(questions: list[str], effort: harness.Effort, results: Path) -> list[str]:
    """Measure and keep; what failed is told."""
    failed = []
    for question in questions:
        began = time.perf_counter()
        try:
            measured = harness.run(question, effort)
        except subprocess.CalledProcessError:
            failed.append(question)  # the process has said why
            continue
        harness.keep(question, measured, results)
        missing = measured[0].get_metadata()["missing"]
        print(f"{question:12} {len(measured):4} cases {time.perf_counter() - began:6.1f} s, missing: {missing}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
