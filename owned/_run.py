# SPDX-License-Identifier: MIT
"""Running somebody's program as ``python`` itself would, with a report of its violations at the end.

The program runs in this process, in a ``__main__`` module of its own. What the interpreter does after the last line of
a program (waiting for threads, then exit functions) is done here, one step early, as the exit status is settled by what
happens until then; the interpreter finds it done. All else about the end (destructors, flushing, dying of Ctrl-C) is
left to the interpreter.
"""

from __future__ import annotations

import atexit
import builtins
import io
import os
import pkgutil
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from importlib.machinery import BuiltinImporter, SourceFileLoader, SourcelessFileLoader
from types import CodeType, ModuleType, TracebackType
from typing import IO, Any, NoReturn

import attrs

from owned._children import Ledger
from owned._report import Report, stop_following
from owned._screen import Screen
from owned._violations import observe


@attrs.frozen
class Program:
    """What to run: a script, a folder or archive with a ``__main__``, ``-`` for stdin, or a module."""

    name: str
    arguments: list[str]
    is_module: bool = attrs.field(default=False, kw_only=True)


Compile = Callable[[bytes, str], CodeType]
"""Makes code of the source of a script and its file name."""


def _compile(source: bytes, path: str) -> CodeType:
    return compile(source, path, "exec", dont_inherit=True)


def run(program: Program, *, json_path: str | None, quiet: bool, usage_error: Callable[[str], NoReturn]) -> None:
    """Run a program to its end and report its violations.

    Args:
        program: What to run.
        json_path: Where to write the violations for tools, or None.
        quiet: Whether to say nothing at the end if there was none.
        usage_error: Called with a sentence where `json_path` cannot be written, before the program starts.

    Raises:
        SystemExit: The program failed, or there were violations.
        KeyboardInterrupt: The program was interrupted, which it has already told.

    Threads:
        To be called on the main thread.
    """
    json_file: IO[str] | None = None
    if json_path is not None:
        try:
            json_file = open(json_path, "w", encoding="utf-8")  # noqa: SIM115 - open until the program has ended
        except OSError as error:
            usage_error(f"cannot write {json_path!r}: {error.strerror}")

    process = os.getpid()
    stop_following()
    report = Report(Screen.on_stderr(), Ledger.create())
    with observe(report.see):
        ending = run_main(program)
        finish_threads()
        atexit._run_exitfuncs()
        violations = report.close(quiet=quiet)

    status = ending.status
    if violations and seen_by_parent(status) == 0:
        status = 1
    if json_file is not None and os.getpid() == process:
        told = -signal.SIGINT if ending.interrupted else seen_by_parent(status)
        with json_file:
            report.write_json(json_file, program.name, program.arguments, program.is_module, told)
    leave(ending, status)


@attrs.frozen
class Ending:
    """How the main thread of a program ended: its exit status, and whether it was interrupted."""

    status: int
    interrupted: bool = False


def leave(ending: Ending, status: int) -> None:
    """End this process as the program would have ended, but for the status.

    Raises:
        SystemExit: The status is not 0.
        KeyboardInterrupt: The program was interrupted, which it has already told.
    """
    if ending.interrupted:
        sys.excepthook = lambda kind, error, trace: None
        raise KeyboardInterrupt
    if status != 0:
        sys.exit(status)


def seen_by_parent(status: int) -> int:
    """The status as the parent process sees it."""
    return status if os.name == "nt" else status & 0xFF


# ---- the program's own __main__ --------------------------------------------------------------------------------------


def run_main(program: Program, compile_source: Compile = _compile) -> Ending:
    """Run the main thread of the program up to where the interpreter would begin to shut down.

    Args:
        program: what to run.
        compile_source: makes code of a script. Modules, folders and archives are imported, and so compiled as the
            import system does it.
    """
    main = sys.modules["__main__"] = _fresh_main()
    problem: BaseException | None = None
    try:
        if program.is_module:
            sys.argv[:] = ["-m", *program.arguments]
            runpy._run_module_as_main(program.name)  # type: ignore[attr-defined]
        else:
            sys.argv[:] = [program.name, *program.arguments]
            _run_file(program.name, main, compile_source)
    except BaseException as error:
        problem = error
    ending = Ending(0) if problem is None else _report_uncaught(problem)
    if main.__spec__ is None:  # the interpreter takes a script's file name away again, before it waits for threads
        for name in ("__file__", "__cached__"):
            vars(main).pop(name, None)
    return ending


def _fresh_main() -> ModuleType:
    """A ``__main__`` as the interpreter makes it before it runs anything."""
    main = ModuleType("__main__")
    vars(main).update(__builtins__=builtins, __loader__=BuiltinImporter)
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    return main


def _run_file(name: str, main: ModuleType, compile_source: Compile) -> None:
    path = "<stdin>" if name == "-" else os.path.join(os.getcwd(), name)
    if name != "-" and pkgutil.get_importer(path) is not None:
        _set_first_path(path, always=True)
        runpy._run_module_as_main("__main__", alter_argv=False)  # type: ignore[attr-defined]
        return
    code, loader = _load(path, compile_source)
    _set_first_path("" if name == "-" else os.path.dirname(os.path.realpath(path)))
    main.__file__ = path
    main.__loader__ = loader
    if sys.version_info < (3, 15):
        vars(main)["__cached__"] = None
    exec(code, vars(main))


def _load(path: str, compile_source: Compile) -> tuple[CodeType, Any]:
    """The code of a script, and the loader it is to have."""
    if path == "<stdin>":
        return compile_source(sys.stdin.buffer.read(), path), BuiltinImporter
    try:
        with io.open_code(path) as file:
            code = pkgutil.read_code(file)
            if code is not None:
                return code, SourcelessFileLoader("__main__", path)
            file.seek(0)
            source = file.read()
    except OSError as error:
        _print_to_stderr(f"{sys.orig_argv[0]}: can't open file {path!r}: [Errno {error.errno}] {error.strerror}\n")
        raise SystemExit(2) from None
    return compile_source(source, path), SourceFileLoader("__main__", path)


def _set_first_path(entry: str, *, always: bool = False) -> None:
    """Put `entry` where ``python -m owned`` has the current folder: nowhere, in safe-path mode."""
    if not sys.flags.safe_path:
        sys.path[0] = entry
    elif always:
        sys.path.insert(0, entry)


# ---- how it ended ----------------------------------------------------------------------------------------------------


def _report_uncaught(error: BaseException) -> Ending:
    """Do with an uncaught exception what the interpreter does: hand it to ``sys.excepthook``, or exit."""
    error.__traceback__ = _without_our_frames(error.__traceback__)
    if isinstance(error, SystemExit):
        return Ending(_status_of(error))
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    interrupted = isinstance(error, KeyboardInterrupt)
    hook = getattr(sys, "excepthook", None)
    sys.audit("sys.excepthook", hook, type(error), error, error.__traceback__)
    if hook is None:
        _print_to_stderr("sys.excepthook is missing\n")
        sys.__excepthook__(type(error), error, error.__traceback__)
        return Ending(1, interrupted)
    try:
        hook(type(error), error, error.__traceback__)
    except SystemExit as leave:
        return Ending(_status_of(leave))
    except BaseException as second:
        second.__traceback__ = _without_our_frames(second.__traceback__)
        _print_to_stderr("Error in sys.excepthook:\n")
        sys.__excepthook__(type(second), second, second.__traceback__)
        _print_to_stderr("\nOriginal exception was:\n")
        sys.__excepthook__(type(error), error, error.__traceback__)
    return Ending(1, interrupted)


def _without_our_frames(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


def _status_of(leave: SystemExit) -> int:
    """The exit status that a SystemExit asks for; what is no status is printed, as the interpreter does."""
    code = leave.code
    if code is None:
        return 0
    if isinstance(code, int):
        return int(code)
    _print_to_stderr(f"{code}\n")
    return 1


def _print_to_stderr(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(text)
        sys.stderr.flush()


def finish_threads() -> None:
    """Wait for the program's threads, as the interpreter does first when it shuts down.

    Its own waiting then finds nothing left to do. Where this one was interrupted, 3.14 and later wait anew for the
    threads that are left, until they are interrupted again.
    """
    try:
        threading._shutdown()  # type: ignore[attr-defined]
    except BaseException as error:
        error.__traceback__ = _without_our_frames(error.__traceback__)
        _print_to_stderr(f"Exception ignored in: {threading!r}\n")
        traceback.print_exception(error, file=sys.stderr)
