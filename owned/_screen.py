# SPDX-License-Identifier: MIT
"""Where reports go: how wide it is, whether a person looks at it, and in which colours."""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
from collections.abc import Callable
from typing import TextIO

import attrs

_CODES = {
    "bad": "1;31",
    "good": "1;32",
    "title": "1",
    "dim": "2",
    "site": "36",
    "keyword": "35",
    "string": "32",
    "hint": "33",
}

_PIPE_WIDTH = 100
_STDERR = 2


@attrs.frozen
class Screen:
    """A place to print to.

    Attributes:
        write: Prints a text, all of it at once.
        colour: Whether to paint.
        is_terminal: Whether a person is likely to read along.
        width: How many columns there are.
        can_draw: Whether box-drawing characters can be shown.
    """

    write: Callable[[str], object]
    colour: bool
    is_terminal: bool
    width: int
    can_draw: bool

    @classmethod
    def on_stderr(cls) -> Screen:
        """The process's standard error stream, whatever the program does to ``sys.stderr`` later on."""
        stream = sys.stderr
        if stream is None:
            return cls(lambda text: None, False, False, _PIPE_WIDTH, False)
        try:
            descriptor = os.dup(stream.fileno())
        except (OSError, io.UnsupportedOperation):
            return cls._on(stream, stream.write)
        encoding = stream.encoding
        file = os.fstat(descriptor)

        def write(text: str) -> None:
            data = text.encode(encoding, "backslashreplace")
            try:
                # A program may close all files that it does not know, and its next one has our number then.
                target = descriptor if is_file(descriptor, file) else _STDERR
                while data and is_file(target, file):
                    data = data[os.write(target, data) :]
            except OSError:
                pass  # nobody reads any more, and that is no reason to disturb the program

        return cls._on(stream, write)

    @classmethod
    def on_stdout(cls) -> Screen:
        """``sys.stdout`` as it is now."""

        def write(text: str) -> None:
            sys.stdout.write(text)
            sys.stdout.flush()

        return cls._on(sys.stdout, write)

    @classmethod
    def _on(cls, stream: TextIO, write: Callable[[str], object]) -> Screen:
        is_terminal = stream.isatty()
        width = min(shutil.get_terminal_size().columns, _PIPE_WIDTH) if is_terminal else _PIPE_WIDTH
        return cls(write, _wants_colour(is_terminal), is_terminal, width, _can_draw(stream))

    def paint(self, text: str, *styles: str) -> str:
        """The text in the named styles, or as it is on a colourless screen."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def wrap(self, text: str, indent: int) -> str:
        """The text in lines that fit behind an indent, the first of which is already there."""
        lines = textwrap.wrap(text, max(self.width - indent, 24), break_long_words=False, break_on_hyphens=False)
        return ("\n" + " " * indent).join(lines or [""])


def is_file(descriptor: int, file: os.stat_result) -> bool:
    """Whether a descriptor is open, and for this file still."""
    try:
        return os.path.samestat(os.fstat(descriptor), file)
    except OSError:
        return False


def _wants_colour(is_terminal: bool) -> bool:
    """As the interpreter decides for its own tracebacks, see no-color.org and force-color.org."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal and os.environ.get("TERM") != "dumb"


def _can_draw(stream: TextIO) -> bool:
    try:
        "│─▸".encode(stream.encoding)
    except (LookupError, TypeError, UnicodeError):
        return False
    return True
