# SPDX-License-Identifier: MIT
"""What is remembered of a call of a verb: who, where, on what. And where "where" is."""

from __future__ import annotations

import os
import sys
import threading
from types import FrameType

from attrs import frozen

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


@frozen
class Record:
    """One call of ``share``, ``freeze``, ``move``, ``claim`` or ``adopt``, for messages and for ``explain``.

    Attributes:
        verb: the function that was called.
        root_type: the type of the object it was called with.
        count: how many guarded objects it reached, that one included.
        filename: the source file of the call.
        line: the line of the call, from 1.
        function: the function that made the call.
        thread: the name of the thread that made the call.
    """

    verb: str
    root_type: str
    count: int
    filename: str
    line: int
    function: str
    thread: str

    def __str__(self) -> str:
        """One line: what was called, where, by whom."""
        return (
            f"{self.verb}({self.root_type}) at {self.filename}:{self.line} in {self.function}, "
            f"by thread {self.thread!r}"
        )


def calling_frame() -> FrameType | None:
    """The innermost frame on this thread's stack that is not owned's own code."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return frame


def calling_site() -> tuple[str, int, str]:
    """File name, line number and function name of the code that called into owned."""
    frame = calling_frame()
    if frame is None:
        return ("<unknown>", 0, "<unknown>")
    return (frame.f_code.co_filename, frame.f_lineno or 0, frame.f_code.co_qualname)


def make_record(verb: str, root_type: type, count: int) -> Record:
    """The Record of a call that is being made now. Called by the C core."""
    filename, line, function = calling_site()
    thread = threading.current_thread().name
    return Record(verb, root_type.__name__, count, filename, line, function, thread)
