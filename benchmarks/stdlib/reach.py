# SPDX-License-Identifier: MIT
"""Which lines of a module write to something that may be shared, and which of them ran on two threads."""

from __future__ import annotations

import ast
import fnmatch
import importlib.util
import pkgutil
import sys
import threading
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Self

from benchmarks.stdlib.subject import Subject
from owned._audit import _effects, _rewrite
from owned._audit._rewrite_parts import PREFIX

WRITES = frozenset(PREFIX + hook for hook in ("w", "u", "wi", "ui", "di", "si", "ws", "a", "G", "V"))
"""The hooks that tell of a write. `p` tells of one where its attribute or item is stored."""
_MUTATING = frozenset("GUWwxdpus")  # the effects of a call that write, see _effects.py
NAMES = frozenset(
    name
    for names in [
        [(name, effect) for effects in _effects._TYPES.values() for name, effect in effects.items()],
        [(function.__name__, effect) for function, effect in _effects._FUNCTIONS.items()],
    ]
    for name, effect in names
    if any(part[0] in _MUTATING for part in effect.split())
)
"""Methods and functions whose calls write to a container, or to an attribute."""
Place = tuple[str, int]


def modules_of(subject: Subject) -> list[str]:
    """The modules whose lines are counted."""
    if subject.files:
        return [subject.module, *subject.files]
    spec = importlib.util.find_spec(subject.module)
    found = [subject.module]
    if spec is not None and spec.submodule_search_locations:
        below = pkgutil.walk_packages(spec.submodule_search_locations, f"{subject.module}.", onerror=lambda _: None)
        found += [one.name for one in below]
    left_out = subject.left_out
    return [name for name in found if not any(fnmatch.fnmatch(name, pattern) for pattern in left_out)]


def files_of(subject: Subject) -> dict[str, str]:
    """Their source files, and how they are called."""
    found = {}
    for name in modules_of(subject):
        spec = PathFinder.find_spec(name) if "." not in name else importlib.util.find_spec(name)
        if spec is not None and spec.origin and spec.origin.endswith(".py"):
            found[spec.origin] = name
    return found


def mutating_lines(file: str) -> set[int]:
    """The lines inside of functions that write, as the rewriter understands them.

    Lines outside of functions run once, when the module is imported, on one thread.
    """
    tree = ast.parse(Path(file).read_bytes())
    _commands(tree)
    return set(_writes(_rewrite.rewrite(tree), inside=False))


def _commands(tree: ast.Module) -> None:
    """Drop what runs only where the module is a program."""
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and "__name__" in ast.dump(node.test) and "__main__" in ast.dump(node.test))
    ]


def _writes(node: ast.AST, inside: bool) -> Iterator[int]:
    if inside and isinstance(node, ast.expr) and _is_write(node):
        yield node.lineno
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        for child in [*node.args.defaults, *node.args.kw_defaults, *getattr(node, "decorator_list", ())]:
            if child is not None:
                yield from _writes(child, inside)
        for child in node.body if isinstance(node.body, list) else [node.body]:
            yield from _writes(child, True)
        return
    for child in ast.iter_child_nodes(node):
        yield from _writes(child, inside)


def _is_write(node: ast.expr) -> bool:
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        stored = isinstance(node.ctx, (ast.Store, ast.Del))
        return stored and isinstance(node.value, ast.Call) and _hook(node.value) == PREFIX + "p"
    if not isinstance(node, ast.Call):
        return False
    hook = _hook(node)
    if hook == PREFIX + "f":
        return isinstance(node.args[0], (ast.Name, ast.Attribute)) and _last_name(node.args[0]) in NAMES
    if hook == PREFIX + "b":
        name = node.args[1]
        return isinstance(name, ast.Constant) and name.value in NAMES
    return hook in WRITES


def _hook(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _last_name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


class Lines:
    """Which lines of these files run on two threads of one round.

    Used in a ``with`` statement, on the first thread. Where everything that runs is of interest, as in other people's
    tests, there is one round, and every thread counts.

    Args:
        files: The files of interest, and how they are called.
        rounds: Do only threads that say that they began count, and only in rounds?
    """

    def __init__(self, files: dict[str, str], rounds: bool = True) -> None:
        self._files = files
        self._lines = {file: mutating_lines(file) for file in files}
        self._frozen = {f"<frozen {name}>": file for file, name in files.items()}
        self._rounds = rounds
        self._round = 0
        self._first: dict[Place, tuple[int, int]] = {}
        self._reached: set[Place] = set()
        self._threads: set[int] = set()
        self._before: Any = None

    @property
    def total(self) -> int:
        """How many lines write."""
        return sum(map(len, self._lines.values()))

    def reached(self) -> list[Place]:
        """Those that ran on two threads, as module and line."""
        return sorted((self._files[file], line) for file, line in self._reached)

    def every(self) -> list[Place]:
        """All that there are."""
        return sorted((self._files[file], line) for file, lines in self._lines.items() for line in lines)

    def next_round(self) -> None:
        """What ran before counts no more as the first of two."""
        self._round += 1

    def begin(self) -> None:
        """This thread counts from now on."""
        self._threads.add(threading.get_ident())

    def end(self) -> None:
        """And no longer."""
        self._threads.discard(threading.get_ident())

    def _ran(self, file: str, line: int) -> bool:
        """Note that a line ran; is there nothing more to be known about it?"""
        if line not in self._lines[file]:
            return True
        place = (file, line)
        if place in self._reached:
            return True
        thread = threading.get_ident()
        if self._rounds and thread not in self._threads:
            return False
        mine = (self._round, thread)
        first = self._first.setdefault(place, mine)
        if first[0] != self._round:
            self._first[place] = mine
        elif first[1] != thread:
            self._reached.add(place)
            return True
        return False

    if sys.version_info >= (3, 12):

        def _line(self, code: CodeType, line: int) -> Any:
            file = self._frozen.get(code.co_filename, code.co_filename)
            if file in self._lines and not self._ran(file, line):
                return None
            return sys.monitoring.DISABLE

        def __enter__(self) -> Self:
            """Begin."""
            events = sys.monitoring.events
            sys.monitoring.use_tool_id(sys.monitoring.COVERAGE_ID, "reach")
            sys.monitoring.register_callback(sys.monitoring.COVERAGE_ID, events.LINE, self._line)
            sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, events.LINE)
            return self

        def __exit__(self, *exc_info: object) -> None:
            """End."""
            sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, 0)
            sys.monitoring.register_callback(sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE, None)
            sys.monitoring.free_tool_id(sys.monitoring.COVERAGE_ID)

    else:

        def _trace(self, frame: FrameType, event: str, arg: object) -> Any:
            file = self._frozen.get(frame.f_code.co_filename, frame.f_code.co_filename)
            if file not in self._lines:
                return None
            if event == "line":
                self._ran(file, frame.f_lineno)
            return self._trace

        def __enter__(self) -> Self:
            """Begin."""
            threading.settrace(self._trace)
            if not self._rounds:
                sys.settrace(self._trace)
            return self

        def __exit__(self, *exc_info: object) -> None:
            """End."""
            sys.settrace(None)
            threading.settrace(None)
