# SPDX-License-Identifier: MIT
"""What is remembered, as data: of a call of a verb, of a violation. And where "where" is."""

from __future__ import annotations

import os
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from owned.errors import OwnershipError

HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_STACK_DEPTH = 20
_WAYS = {"put": "into", "get": "from"}
STRICT = 3  # the number of strict mode in csrc/mode.h


@attrs.frozen
class Site:
    """A place in the program: one line of a stack.

    Attributes:
        file: the source file.
        line: the line in it, from 1.
        function: the function's qualified name.

    Threads:
        A value: any thread may read it.
    """

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        """``file:line in function``."""
        return f"{self.file}:{self.line} in {self.function}"


@attrs.frozen
class Record:
    """One step in an object's life, for messages and for ``explain``: a call of ``share``, ``freeze``, ``move`` ...

    Attributes:
        verb: the function that was called.
        root_type: the type of the object it was called with.
        count: how many guarded objects it reached, that one included.
        file: the source file of the call.
        line: the line of the call, from 1.
        function: the function that made the call.
        thread: the name of the thread that made the call.
        stack: the calls that led there, innermost first; empty unless the mode was strict.
        channel: the channel that the object was put into or got from, in words; else empty. What was put while the
            mode was not strict knows the channel, but not from where: `file` is empty.

    Threads:
        A value: any thread may read it.
    """

    verb: str
    root_type: str
    count: int
    file: str
    line: int
    function: str
    thread: str
    stack: tuple[Site, ...] = ()
    channel: str = ""

    def __str__(self) -> str:
        """One line: what was called, where, by whom."""
        way = f" {_WAYS.get(self.verb, 'of')} {self.channel}" if self.channel else ""
        if not self.file:
            return f"{self.verb}{way}"
        site = f"at {self.file}:{self.line} in {self.function}, by thread {self.thread!r}"
        return f"{self.verb}({self.root_type}){way} {site}"


@attrs.frozen
class Violation:
    """A violation as data: all that its message says. It can be pickled, compared, and kept: it holds no object.

    Attributes:
        error: the name of the exception's class, ``"WrongThreadError"`` and so on.
        message: the exception's text.
        file: the source file in which the object was touched.
        line: the line of the touch, from 1.
        function: the function's qualified name.
        stack: the calls that led there, innermost first.
        type_name: the object's type.
        address: the object's ``id``.
        access: how it was touched: ``"read"``, ``"write"``, ``"acquire"`` ...
        name: which attribute, key, method or operation.
        touch: both in words: ``"read Account.balance"``.
        state: the object's state: ``"private"``, ``"shared"``, ``"frozen"``, ``"in transit"``, ``"orphaned"``.
        owner: the name of the thread whose it is or was, or that holds its lock.
        owner_id: that thread's number, never reused within the process.
        toucher: the name of the thread that touched it.
        toucher_id: that thread's number.
        owner_task: the name of the task whose it is or was, if ``task_private`` gave it to one.
        toucher_task: the name of the task that touched it then.
        lock: what guards it, if it is shared.
        advice: the way out.
        record: the step that brought the object into its state.
        life: all its steps that are known, oldest first: where it was made, shared, moved. Empty unless the mode was
            strict.
        owner_stack: where the owner was at that moment, innermost first. Empty unless the mode was strict, and on an
            interpreter that runs without the GIL.

    Threads:
        A value: any thread may read it, keep it and send it on.
    """

    error: str
    message: str
    file: str
    line: int
    function: str
    toucher: str
    stack: tuple[Site, ...] = ()
    type_name: str | None = None
    address: int | None = None
    access: str | None = None
    name: str | None = None
    touch: str | None = None
    state: str | None = None
    owner: str | None = None
    owner_id: int | None = None
    toucher_id: int | None = None
    owner_task: str | None = None
    toucher_task: str | None = None
    lock: str | None = None
    advice: str | None = None
    record: Record | None = None
    life: tuple[Record, ...] = ()
    owner_stack: tuple[Site, ...] = ()

    @classmethod
    def of(cls, error: OwnershipError) -> Violation:
        """Take the facts out of an exception that is being made on this thread."""
        stack = calling_stack()
        file, line, function = error.site or calling_site()
        facts = {name: getattr(error, name) for name in _FACTS}
        return cls(
            error=type(error).__name__,
            message=str(error),
            file=file,
            line=line,
            function=function,
            toucher=error.toucher or threading.current_thread().name,
            stack=stack,
            **facts,
        )

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for violations that are one and the same mistake of the program."""
        return self.file, self.line, self.function, self.error, self.type_name, self.access, self.name

    @property
    def headline(self) -> str:
        """What was done, in a few words."""
        return self.touch or self.message

    def to_dict(self) -> dict[str, Any]:
        """The same as dicts, lists, strings and numbers, for JSON; ``from_dict`` reads it."""
        return attrs.asdict(self, value_serializer=lambda _instance, _field, value: _listed(value))

    @classmethod
    def from_dict(cls, facts: dict[str, Any]) -> Violation:
        """The violation that ``to_dict`` wrote down."""
        record = facts["record"]
        return cls(
            **facts
            | {
                "stack": _sites(facts["stack"]),
                "owner_stack": _sites(facts["owner_stack"]),
                "record": None if record is None else _record(record),
                "life": tuple(map(_record, facts["life"])),
            }
        )


_FACTS = (
    "type_name",
    "address",
    "access",
    "name",
    "touch",
    "state",
    "owner",
    "owner_id",
    "toucher_id",
    "owner_task",
    "toucher_task",
    "lock",
    "advice",
    "record",
    "life",
    "owner_stack",
)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _sites(facts: list[dict[str, Any]]) -> tuple[Site, ...]:
    return tuple(Site(**site) for site in facts)


def _record(facts: dict[str, Any]) -> Record:
    return Record(**facts | {"stack": _sites(facts["stack"])})


def caller_of(frame: FrameType) -> FrameType | None:
    """``frame.f_back``, which tells the end of the stack from memory that is not to be had.

    For want of memory CPython's gives None and leaves the error pending, for whatever looks for one next: reading an
    attribute then ends in an AttributeError. Converting -1 to a C number is what looks for one and raises it.
    """
    back = frame.f_back
    if back is None:
        "".zfill(-1)
    return back


def calling_frame() -> FrameType | None:
    """The innermost frame on this thread's stack that is not owned's own code."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(HERE):
        frame = caller_of(frame)
    return frame


def calling_site() -> tuple[str, int, str]:
    """File name, line number and function name of the code that called into owned."""
    frame = calling_frame()
    if frame is None:
        return ("<unknown>", 0, "<unknown>")
    return (frame.f_code.co_filename, frame.f_lineno or 0, frame.f_code.co_qualname)


def calling_stack() -> tuple[Site, ...]:
    """The calls that led into owned, innermost first."""
    return stack_of(calling_frame())


def stack_of(frame: FrameType | None) -> tuple[Site, ...]:
    """The places of a frame and its callers outside of owned, innermost first; at most twenty."""
    sites: list[Site] = []
    while frame is not None and len(sites) < _STACK_DEPTH:
        code = frame.f_code
        if not code.co_filename.startswith(HERE):
            sites.append(Site(code.co_filename, frame.f_lineno or 0, code.co_qualname))
        frame = caller_of(frame)
    return tuple(sites)


def make_record(verb: str, root_type: type, count: int, channel: str | None = None) -> Record:
    """The Record of a call that is being made now. Called by the C core."""
    from owned import _core

    file, line, function = calling_site()
    thread = threading.current_thread().name
    stack = calling_stack() if _core.get_mode() == STRICT else ()
    return Record(verb, root_type.__name__, count, file, line, function, thread, stack, channel or "")


def make_channel_record(channel: str) -> Record:
    """The Record of all that is put into a channel while the mode is not strict. Called by the C core."""
    return Record("put", "", 0, "", 0, "", "", (), channel)


def make_birth(known_type: type, thread: str, places: tuple[tuple[str, int, str], ...]) -> Record:
    """The Record of an object that was made at the innermost of these places. Called by the C core."""
    stack = tuple([Site(*place) for place in places])  # no function is made: there may be no memory for it
    made = stack[0] if stack else Site("<unknown>", 0, "<unknown>")
    return Record("make", known_type.__name__, 1, made.file, made.line, made.function, thread, stack)
