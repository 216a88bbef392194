# SPDX-License-Identifier: MIT
"""The command line of ``python -m owned``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from owned import _modes
from owned._run import Program, run
from owned._settings import MODE_VARIABLE

_MODES = tuple(mode.value for mode in _modes.Mode)

_RUN_VALUED = ("--json", "--mode")
_RUN_USAGE = "python -m owned run [-h] [-q] [--mode MODE] [--json FILE] (script.py | -m module) [args ...]"

_RUN_DESCRIPTION = """\
Run a Python program with the checks on. Every violation is reported on stderr as it happens, once per site, also on
worker threads and where the program swallows the exception; the summary has the counts. Everything else is as with
plain python: a script, a folder or zip file with a __main__.py, "-" for stdin, or -m and a module; its arguments, its
output, its tracebacks."""

_RUN_EPILOG = """\
exit status: the program's own where that is not 0, else 1 if there was a violation, else 0.
environment: OWNED_MODE and OWNED_POLICY count where --mode does not say otherwise; NO_COLOR and FORCE_COLOR decide
about colours where set."""


def main(argv: Sequence[str] | None = None) -> None:
    """Do what the command line asks for.

    Args:
        argv: The arguments, by default those of the process.

    Raises:
        SystemExit: With the status of the program that was run, or 2 for a wrong command line.
        KeyboardInterrupt: The program was interrupted and did not handle it.

    Threads:
        To be called on the main thread, which becomes the main thread of the program.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="python -m owned", description="Every object belongs to somebody.")
    commands = parser.add_subparsers(metavar="command", required=True)
    run_parser = commands.add_parser(
        "run",
        help="run a Python program with the checks on",
        usage=_RUN_USAGE,
        description=_RUN_DESCRIPTION,
        epilog=_RUN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run_parser.add_argument("-q", "--quiet", action="store_true", help="say nothing at the end if nothing was wrong")
    run_parser.add_argument(
        "--mode", choices=_MODES, help="check so much (what OWNED_MODE or pyproject.toml say: checked)"
    )
    run_parser.add_argument("--json", metavar="FILE", dest="json_path", help="also write the violations to FILE")
    commands.add_parser("audit", help="run a Python program, and find the races in it", add_help=False)
    if arguments[:1] == ["audit"]:
        _audit(arguments[1:])
        return
    if arguments[:1] == ["run"]:
        own, program = _split(arguments[1:], _RUN_VALUED)
        options = run_parser.parse_args(own)
        if program is None:
            run_parser.error("which program? name a script, or -m and a module")
        if options.mode is not None:
            _choose(options.mode, run_parser.error)
        run(program, json_path=options.json_path, quiet=options.quiet, usage_error=run_parser.error)
        return

    from owned import _tour  # only now: a program that is run should find as few modules imported as possible

    tour_parser = commands.add_parser("tour", help="see the idea in five short scenes")
    tour_parser.add_argument("scenes", metavar="scene", nargs="*", help=f"any of {', '.join(_tour.SCENES)} (all)")
    options = parser.parse_args(arguments)
    unknown = [scene for scene in options.scenes if scene not in _tour.SCENES]
    if unknown:
        tour_parser.error(f"there is no scene {unknown[0]!r}; there are {', '.join(_tour.SCENES)}")
    _tour.play(options.scenes or _tour.SCENES)


def _audit(arguments: list[str]) -> None:
    from owned._audit import _command

    parser = argparse.ArgumentParser(
        prog="python -m owned audit",
        usage=_command.USAGE,
        description=_command.DESCRIPTION,
        epilog=_command.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _command.add_arguments(parser)
    own, program = _split(arguments, _command.VALUED)
    options = parser.parse_args(own)
    if program is None:
        parser.error("which program? name a script, or -m and a module")
    _command.audit(program, options, parser.error)


def _split(arguments: list[str], valued: tuple[str, ...]) -> tuple[list[str], Program | None]:
    """Split at the program: what stands after it is the program's, whatever it looks like.

    Args:
        arguments: of the command.
        valued: the options that are followed by a value.
    """
    at = 0
    while at < len(arguments):
        argument = arguments[at]
        rest = arguments[at + 1 :]
        if argument == "--":
            return arguments[:at], Program(rest[0], rest[1:]) if rest else None
        if argument == "-m":
            return arguments[:at], Program(rest[0], rest[1:], is_module=True) if rest else None
        if argument.startswith("-m"):
            return arguments[:at], Program(argument[2:], rest, is_module=True)
        if argument == "-" or not argument.startswith("-"):
            return arguments[:at], Program(argument, rest)
        at += 2 if argument in valued else 1
    return arguments, None


def _choose(mode: str, usage_error: Callable[[str], NoReturn]) -> None:
    """Set the mode of this process, and of the Python programs that the program starts."""
    try:
        _modes.configure(mode=mode)
    except RuntimeError as error:
        usage_error(str(error))
    os.environ[MODE_VARIABLE] = mode
