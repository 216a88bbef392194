# SPDX-License-Identifier: MIT
"""``python -m owned audit``: somebody's program, run as ``python`` would run it, with its code audited."""

from __future__ import annotations

import argparse
import atexit
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from owned._audit import _session
from owned._audit._ending import Ending, Outputs
from owned._report import stop_following
from owned._run import Program, finish_threads, leave, run_main, seen_by_parent
from owned._screen import Screen

USAGE = "python -m owned audit [-h] [-q] [options] (script.py | -m module) [args ...]"

DESCRIPTION = """\
Run a Python program, and find the races in it: accesses to one attribute, global, closure variable or container from
two threads that nothing orders. They are found from what was synchronised, not from what happened to interleave, so
that one run is enough. The program needs to know nothing of this package. The report also has a map: what was
private, handed over, only read, always under one lock, or unprotected.

Audited is all that is neither in the standard library nor in site-packages."""

EPILOG = """\
exit status: 1 if there is a certain race that is neither in the baseline nor allowed by a comment
`# owned: allow(reason)`; else the program's own.
environment: NO_COLOR and FORCE_COLOR decide about colours where set."""

VALUED = ("--include", "--stdlib", "--memory", "--html", "--json", "--sarif", "--baseline", "--write-baseline")
"""The options that are followed by a value."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?", re.IGNORECASE)
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing at the end if nothing new was found")
    parser.add_argument("--map", action="store_true", help="print the whole map of exposure, not only its sums")
    parser.add_argument(
        "--include",
        metavar="PACKAGE",
        action="append",
        default=[],
        help="audit these packages only, also installed ones",
    )
    parser.add_argument(
        "--stdlib", metavar="MODULE", action="append", default=[], help="audit this module of the standard library, too"
    )
    parser.add_argument("--memory", metavar="SIZE", type=size, default=0, help="forget the oldest beyond it: 512M, 2G")
    parser.add_argument("--html", metavar="FILE", type=Path, help="also write the report as one HTML page")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write it as JSON, for tools")
    parser.add_argument("--sarif", metavar="FILE", type=Path, help="also write it as SARIF, for code review")
    parser.add_argument("--baseline", metavar="FILE", type=Path, help="races that are known, and do not count")
    parser.add_argument(
        "--write-baseline", metavar="FILE", type=Path, help="write the races that are found there; none counts then"
    )


def size(text: str) -> int:
    """A number of bytes, as in ``512M``.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write 512M or 2G")
    return int(float(found[1]) * _UNITS[found[2].lower()])


def names(values: list[str]) -> tuple[str, ...]:
    """The names in options that may be repeated, and may have several names with commas between."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def audit(program: Program, options: argparse.Namespace, usage_error: Callable[[str], NoReturn]) -> None:
    """Run a program to its end, and report.

    Args:
        program: what to run.
        options: of the command line, as `add_arguments` declares them.
        usage_error: called with a sentence where they cannot be followed, before the program starts.

    Raises:
        SystemExit: The program failed, or there are certain races.
        KeyboardInterrupt: The program was interrupted, which it has already told.

    Threads:
        To be called on the main thread.
    """
    outputs = Outputs(
        html=_absolute(options.html),
        json=_absolute(options.json),
        sarif=_absolute(options.sarif),
        baseline=_absolute(options.write_baseline),
        quiet=options.quiet,
        with_map=options.map,
    )
    try:
        session = _session.Audit(
            include=names(options.include),
            stdlib=names(options.stdlib),
            memory=options.memory,
            baseline=options.baseline,
        )
        outputs.check()
    except OSError as error:
        usage_error(f"{error.filename}: {error.strerror}")
    except ValueError as error:
        usage_error(str(error))
    from owned._audit._loader import compile_script

    stop_following()
    ending = Ending(session, _title(program), outputs, Screen.on_stderr())
    ending.watch()
    came_to = run_main(program, compile_script)
    finish_threads()
    atexit._run_exitfuncs()
    status = ending.finish(
        seen_by_parent(came_to.status), "The program was interrupted." if came_to.interrupted else ""
    )
    leave(came_to, came_to.status if status == seen_by_parent(came_to.status) else status)


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()


def _title(program: Program) -> str:
    named = ["-m", program.name] if program.is_module else [program.name]
    return shlex.join(["python", "-m", "owned", "audit", *named, *program.arguments])
