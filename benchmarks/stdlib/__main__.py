# SPDX-License-Identifier: MIT
"""Audit the standard library, and write docs/stdlib-audit.md anew.

    python -m benchmarks.stdlib                    every module
    python -m benchmarks.stdlib queue json         only these; what is known of the others is kept
    python -m benchmarks.stdlib --report           audit nothing, write the page again

What was found is kept in benchmarks/results/stdlib, one file per module, with the interpreter that it was found on.
Meant for 3.13t with PYTHON_GIL=0; the others find the same races.
"""

from __future__ import annotations

import argparse
import os

from benchmarks.stdlib import audits, subjects, table


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stdlib", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("modules", nargs="*", metavar="module")
    parser.add_argument("--examples", type=int, help="how many random examples for each kind of sharing")
    parser.add_argument("--no-tests", action="store_true", help="do not run CPython's own tests")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many modules at a time")
    parser.add_argument("--report", action="store_true", help="audit nothing, write again what is known")
    options = parser.parse_args()
    stems = [subjects.stem_of(module) for module in options.modules] or subjects.STEMS
    if unknown := set(stems) - set(subjects.STEMS):
        parser.error(f"no such subject: {', '.join(sorted(unknown))} (there are {', '.join(subjects.STEMS)})")
    if not options.report:
        audits.audit_all(stems, options.examples, not options.no_tests, options.jobs)
    table.write()


if __name__ == "__main__":
    main()
