# SPDX-License-Identifier: MIT
"""``python -m owned tour``: the idea in five scenes, each a program of about ten lines, run as it is shown."""

from __future__ import annotations

import contextlib
import io
import keyword
import sys
import threading
import time
import tokenize
from collections.abc import Sequence
from importlib import resources
from types import ModuleType

import attrs

from owned._screen import Screen
from owned.errors import OwnershipError


@attrs.frozen
class _Scene:
    title: str
    before: str
    after: str


_SCENES = {
    "private": _Scene(
        "An object belongs to the thread that made it",
        "The main thread makes an account; then another thread adds to its balance.",
        "Not once in a million runs, when two threads happen to collide: at the first touch, in every run.",
    ),
    "shared": _Scene(
        "A shared object belongs to whoever holds its lock",
        "share() ties the log to a lock. The second append is one indent too far to the left.",
        "The lock is no longer a comment that says which lock to take: it is checked.",
    ),
    "frozen": _Scene(
        "A frozen object is everybody's to read and nobody's to write",
        "freeze() is deep: the config and all it reaches. Any thread reads it without a lock.",
        "It will not change, and so it can be read by all threads at full speed.",
    ),
    "moved": _Scene(
        "What you gave away, you cannot touch any more",
        "move() seals the basket into a parcel. Its old owner still has a name for it.",
        "Other references may stay around: they stop working, and say when the object was moved.",
    ),
    "handover": _Scene(
        "A hand-over that works",
        "An order is made on one thread, sent through a queue, and claimed on another.",
        "No lock, no copy: at any time it had one owner.",
    ),
}

SCENES = tuple(_SCENES)


def play(names: Sequence[str]) -> None:
    """Show scenes on stdout.

    Args:
        names: Which ones, out of `SCENES`.

    Threads:
        To be called on the main thread; the scenes start their own.
    """
    screen = Screen.on_stdout()
    rule = "─" if screen.can_draw else "-"
    for number, name in enumerate(names, 1):
        scene = _SCENES[name]
        _perform(screen, name, scene, f"{number}/{len(names)}", rule)
    screen.write(
        f"\n{rule * screen.width}\n"
        + screen.paint("Your own program, checked:  ", "title")
        + screen.paint("python -m owned run your_script.py", "site")
        + "\n"
    )


def _perform(screen: Screen, name: str, scene: _Scene, position: str, rule: str) -> None:
    heading = f"{rule * 2} {position} {scene.title} "
    screen.write("\n" + screen.paint(heading + rule * (screen.width - len(heading)), "title") + "\n")
    screen.write(screen.wrap(scene.before, 0) + "\n\n")
    file = resources.files("owned._tour_scenes") / f"{name}.py"
    source = file.read_text(encoding="utf-8")
    outcome = _run(source, f"{name}.py")
    _show_code(screen, source, outcome.line)
    _pause(screen, 0.5)
    screen.write("\n")
    for line in outcome.printed.splitlines():
        screen.write(f"  {screen.paint('prints', 'good')}  {line}\n")
    if outcome.error is not None:
        kind = type(outcome.error).__name__
        where = f"on line {outcome.line}, in thread {outcome.thread!r}"
        screen.write(f"  {screen.paint(kind, 'bad')} {where}\n  {screen.wrap(str(outcome.error), 2)}\n")
    screen.write("\n" + screen.paint(screen.wrap(scene.after, 0), "good") + "\n")
    _pause(screen, 0.7)


def _pause(screen: Screen, seconds: float) -> None:
    if screen.is_terminal:
        time.sleep(seconds)


# ---- running ---------------------------------------------------------------------------------------------------------


@attrs.define
class _Outcome:
    printed: str = ""
    error: BaseException | None = None
    thread: str = ""
    line: int = 0


def _run(source: str, filename: str) -> _Outcome:
    """Run a scene to the end of its threads, and catch what it prints and the violation that ends it."""
    outcome = _Outcome()

    def ended(error: BaseException | None, thread: str) -> None:
        outcome.error, outcome.thread = error, thread
        if isinstance(error, OwnershipError) and error.site is not None:
            outcome.line = error.site[1]

    def thread_ended(hook: threading.ExceptHookArgs) -> None:
        ended(hook.exc_value, hook.thread.name if hook.thread else "")

    printed = io.StringIO()
    others = set(threading.enumerate())
    default, threading.excepthook = threading.excepthook, thread_ended
    module = ModuleType("scene")
    sys.modules["scene"] = module
    try:
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(source, filename, "exec", dont_inherit=True), vars(module))
            except OwnershipError as error:
                ended(error, threading.current_thread().name)
            for thread in set(threading.enumerate()) - others:
                thread.join()
    finally:
        threading.excepthook = default
        del sys.modules["scene"]
    if outcome.error is not None and not outcome.line:
        raise RuntimeError(f"the scene {filename} is broken") from outcome.error
    outcome.printed = printed.getvalue()
    return outcome


# ---- showing ---------------------------------------------------------------------------------------------------------


def _show_code(screen: Screen, source: str, marked: int) -> None:
    """Print a program with line numbers, and an arrow at the line that will fail."""
    bar = "│" if screen.can_draw else "|"
    arrow = "▸" if screen.can_draw else ">"
    was_blank = True
    for number, line in enumerate(_painted(screen, source), 1):
        if line or not was_blank:
            sign = screen.paint(arrow, "bad") if number == marked else " "
            gutter = f"{number if line else '':2} {bar}"
            screen.write(f"  {sign} {screen.paint(gutter, 'dim')} {line}".rstrip() + "\n")
            _pause(screen, 0.02)
        was_blank = not line


def _painted(screen: Screen, source: str) -> list[str]:
    """The lines of a program with its keywords, strings and comments in colours."""
    lines = source.splitlines()
    if not screen.colour:
        return lines
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    for token in reversed(tokens):
        style = _style_of(token)
        row, start, end = token.start[0] - 1, token.start[1], token.end[1]
        if style and token.start[0] == token.end[0]:
            lines[row] = lines[row][:start] + screen.paint(lines[row][start:end], style) + lines[row][end:]
    return lines


def _style_of(token: tokenize.TokenInfo) -> str | None:
    if token.type == tokenize.COMMENT:
        return "dim"
    if token.type == tokenize.STRING:
        return "string"
    if token.type == tokenize.NAME and keyword.iskeyword(token.string):
        return "keyword"
    return "site" if token.type == tokenize.OP and token.string == "@" else None
