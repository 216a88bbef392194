# SPDX-License-Identifier: MIT
"""Audit well-known threaded packages through their own tests, and write docs/package-audits.md.

    python -m benchmarks.packages                    every package: its tests plainly, audited, and mended
    python -m benchmarks.packages watchdog huey      only these
    python -m benchmarks.packages --fixed watchdog   only what the patches leave of its races
    python -m benchmarks.packages --report           run nothing, write the page again from what is known

What was found on an interpreter is kept in benchmarks/results, and the page shows all interpreters that are there.
Verdicts are written by hand, in verdicts.toml beside this file. The exit status is 1 if a race has no verdict, or if
one that was judged a true race is still found with the patches.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from benchmarks.packages import page
from benchmarks.packages.subjects import CHECKOUT, SUBJECTS
from benchmarks.packages.suite import AUDITED, FIXED, INTERPRETER, PLAIN, Suite, described, wheel


def main() -> int:
    """Run what is asked for, keep it, write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.packages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(SUBJECTS)} (all)")
    parser.add_argument("--fixed", action="store_true", help="run only the tests of the patched packages")
    parser.add_argument("--report", action="store_true", help="run nothing, write again what is known")
    parser.add_argument("--folder", type=Path, default=CHECKOUT / "build" / "packages", help="where all of it is put")
    options = parser.parse_args()
    if unknown := set(options.names) - set(SUBJECTS):
        parser.error(f"no such package: {', '.join(sorted(unknown))} (there are {', '.join(SUBJECTS)})")
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # in a shell's background; tests send it to processes of theirs
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not options.report:
        run(options.names or list(SUBJECTS), (FIXED,) if options.fixed else (PLAIN, AUDITED, FIXED), options.folder)
    results = page.results()
    page.PAGE.write_text(page.written(results), encoding="utf-8")
    complaints = page.complaints(results)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return bool(complaints)


def run(names: list[str], modes: tuple[str, ...], folder: Path) -> None:
    """Run the tests of these packages, each mode once, and keep what is found."""
    folder = folder.resolve() / INTERPRETER
    wheels = wheel(folder / "wheels")
    for name in names:
        suite = Suite(SUBJECTS[name], folder / name)
        suite.prepare(wheels)
        for mode in modes:
            if mode == FIXED and not suite.subject.patches:
                continue
            told = suite.run(mode)
            page.keep(INTERPRETER, described(), name, mode, told)
            print(f"{name} {mode}: {told['wall']} s, {len(told.get('races', ()))} races", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
