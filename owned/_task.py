# SPDX-License-Identifier: MIT
"""What runs in another thread: a call whose arguments may pass, and the way of what it makes to whoever takes it.

A ``Task`` (csrc/task.c) is made on the thread that hands the call out, runs once on another thread, and arrives on the
first thread that takes what it made::

    task = Task(function, args, kwargs, unguarded)  # judged here, with the argument named
    value = task.run_apart()                        # elsewhere, in a region of its own
    value = take(task, value)                       # here: all that it made is this thread's

``owned.ThreadPoolExecutor`` and ``owned.aio`` use it so. ``owned.Thread`` uses ``run_here``: a thread is a region by
itself, and ``join()`` adopts it.
"""

from __future__ import annotations

import functools
import sys
import threading
import types
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, TypeVar

from owned import errors
from owned._passing import Passing, refusal
from owned._records import Record, calling_site

_T = TypeVar("_T")

Unguarded: TypeAlias = Literal["raise", "wrap", "pass"]

_FRAMES_KEEP_A_COPY: Final = sys.version_info < (3, 13)  # of what f_locals was when somebody looked

_UNGUARDED: Final = ("raise", "wrap", "pass")
_FUNCTIONS: Final = (types.FunctionType, types.MethodType, functools.partial)
_LEFT_TO_OWNER: Final = {
    "raise": {Passing.AS_IT_IS, Passing.NOT},
    "wrap": {Passing.AS_IT_IS, Passing.NOT, Passing.UNGUARDED},
    "pass": {Passing.AS_IT_IS, Passing.NOT, Passing.UNGUARDED},
}


def check_unguarded(unguarded: object) -> None:
    """Refuse what is no way to deal with an argument that nobody guards.

    Raises:
        ValueError: it is another word, or no word.
    """
    if unguarded not in _UNGUARDED:
        raise ValueError(f"`unguarded` must be one of {', '.join(map(repr, _UNGUARDED))}, got {unguarded!r}")


# ---- handing out ---------------------------------------------------------------------------------------------------


def admit(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any] | None, unguarded: Unguarded | None
) -> tuple[tuple[Any, ...], dict[str, Any] | None]:
    """The arguments to use for a call on another thread, where not all of it passes as it is. Called by the C core.

    First everything is judged, then what nobody guards is wrapped: what is refused has changed nothing.

    Raises:
        TypeError: something can change, and nobody guards it.
        WrongThreadError, MovedError, OrphanedError: something is private and was not moved, or is not this thread's.
    """
    from owned import _core

    how, has_option = unguarded or "raise", unguarded is not None
    of_code = "pass" if how == "pass" else "raise"  # what a function brings along cannot be wrapped
    call = f"{name_of(function)}()"
    for name, value in _behind(function):
        _refuse_unless_it_passes(value, name, call, of_code, has_option)
    named = [(_Position(i), value) for i, value in enumerate(args)] + list((kwargs or {}).items())
    wanting: list[_Position | str] = []
    for place, value in named:
        if isinstance(value, _core.Parcel):
            _refuse_claimed(value, place, function, call)
        elif isinstance(value, types.FunctionType | types.MethodType):
            for name, one in _behind(value):
                _refuse_unless_it_passes(one, f"{name} of {_argument(place, function)}", call, of_code, has_option)
        elif how == "wrap" and _core.passing(value) == Passing.UNGUARDED:
            wanting.append(place)
        elif _core.passing(value) != Passing.AS_IT_IS:
            _refuse_unless_it_passes(value, _argument(place, function), call, how, has_option)
    if not wanting:
        return args, kwargs
    wrapped = {place: _wrap(value) for place, value in named if place in wanting}
    return (
        tuple([wrapped.get(_Position(i), value) for i, value in enumerate(args)]),
        {name: wrapped.get(name, value) for name, value in (kwargs or {}).items()},
    )


def admit_callback(callback: Callable[..., Any], args: tuple[Any, ...], unguarded: Unguarded) -> tuple[Any, ...]:
    """Judge a call that another thread is to make on objects of its own, perhaps: those are left to its checks.

    Returns:
        The arguments to use.

    Raises:
        TypeError: it cannot be called; or something can change, and nobody guards it.
        WrongThreadError, MovedError: something is private to this thread and was not moved, or is an empty parcel.
    """
    from owned import _core

    if not callable(callback):
        raise TypeError(f"`callback` must be callable, got {type(callback).__name__}")
    if _core.get_mode() == 0:
        return args
    call = f"{name_of(callback)}()"
    for name, value in _behind(callback):
        if _core.passing(value) != Passing.NOT:
            _refuse_unless_it_passes(value, name, call, "pass" if unguarded == "pass" else "raise", True)
    for i, value in enumerate(args):
        if isinstance(value, _core.Parcel):
            _refuse_claimed(value, _Position(i), callback, call)
        elif _core.passing(value) not in _LEFT_TO_OWNER[unguarded]:
            _refuse_unless_it_passes(value, _argument(_Position(i), callback), call, unguarded, True)
    if unguarded == "wrap":
        return tuple([_wrap(value) if _core.passing(value) == Passing.UNGUARDED else value for value in args])
    return args


class _Position(int):
    """The place of a positional argument; the place of one by keyword is its name."""


def _wrap(value: Any) -> Any:
    from owned import _core

    return _core.move(_core.own(value))


def _refuse_unless_it_passes(value: object, name: str, call: str, how: str, has_option: bool) -> None:
    from owned import _core

    passing = _core.passing(value)
    if passing == Passing.AS_IT_IS or (passing == Passing.UNGUARDED and how == "pass"):
        return
    raise refusal(value, name, call, has_option=has_option)


def _refuse_claimed(parcel: Any, place: _Position | str, function: Callable[..., Any], call: str) -> None:
    from owned import _core

    if _core.is_claimed(parcel):
        raise errors.MovedError(
            f"{_argument(place, function)} of {call} is a parcel that was claimed already ({parcel!r}): a parcel is "
            "claimed once, and the task would find it empty"
        )


def name_of(function: object) -> str:
    """What a call is called in messages; runs none of the program's code."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, types.MethodType):
        function = function.__func__
    if isinstance(function, types.FunctionType | types.BuiltinFunctionType | type):
        name = function.__qualname__
        return name.rpartition("<locals>.")[2]
    from owned import _core

    return _core.known_type(function).__name__


def _argument(place: _Position | str, function: object) -> str:
    """``argument 2 ('account')``: as the program knows it."""
    if not isinstance(place, _Position):
        return f"argument {place!r}"
    label, at = f"argument {place + 1}", int(place)
    while isinstance(function, functools.partial | types.MethodType):
        if isinstance(function, functools.partial):
            at, function = at + len(function.args), function.func
        else:
            at, function = at + 1, function.__func__
    names: tuple[str, ...] = ()
    if isinstance(function, types.FunctionType):
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
    elif isinstance(function, types.BuiltinFunctionType):
        signature = (getattr(function, "__text_signature__", None) or "").strip("()").partition("*")[0].split(",")
        names = tuple([name for part in signature if (name := part.partition("=")[0].strip()).isidentifier()])
    return f"{label} ({names[at]!r})" if at < len(names) else label


def _behind(function: object) -> list[tuple[str, Any]]:
    """What a callable brings along beside its arguments, each with its name; itself, if it is no function."""
    found: list[tuple[str, Any]] = []
    seen: set[int] = set()
    pending: list[tuple[str, Any]] = [("", function)]
    while pending:
        of, one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if not isinstance(one, _FUNCTIONS):
            found.append((f"the callable{of}", one))
        for name, value in _brought_by(one):
            if isinstance(value, _FUNCTIONS):
                pending.append((f" of {name}{of}", value))
            else:
                found.append((f"{name}{of}", value))
    return found


def _brought_by(one: Any) -> list[tuple[str, Any]]:
    if isinstance(one, types.FunctionType):
        cells = zip(one.__code__.co_freevars, one.__closure__ or (), strict=False)
        closure = [(f"the closure variable {name!r}", value) for name, cell in cells for value in _content(cell)]
        positional = one.__code__.co_varnames[: one.__code__.co_argcount]
        defaults = one.__defaults__ or ()
        named = [*zip(positional[len(positional) - len(defaults) :], defaults, strict=False)]
        named += (one.__kwdefaults__ or {}).items()
        return closure + [(f"the default of {name!r}", value) for name, value in named]
    if isinstance(one, types.MethodType):
        return [("the self", one.__self__), ("the method", one.__func__)]
    if isinstance(one, functools.partial):
        args = [(f"argument {i + 1} in the partial()", value) for i, value in enumerate(one.args)]
        keywords = [(f"argument {name!r} in the partial()", value) for name, value in one.keywords.items()]
        return [("the function", one.func), *args, *keywords]
    return []


# ---- coming back ---------------------------------------------------------------------------------------------------


def take(task: Any, value: Any) -> Any:
    """What a task that ran apart returned, for the thread that takes it, with all that it made.

    Args:
        task: the task.
        value: what its ``run_apart()`` returned. A ``Parcel`` is claimed.

    Raises:
        MovedError: it is a parcel that somebody claimed already.

    Threads:
        Any; the first one owns what the task made. To another one ``value`` is private to the first.
    """
    from owned import _core

    task.arrive()
    return value.claim() if isinstance(value, _core.Parcel) else value


def forget_frames(error: BaseException) -> None:
    """Let go what the frames of an exception hold, and those of the exceptions behind it. Called by the C core.

    The traceback stays: file, line and function of each call. Frames that still run are left alone.
    """
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        one = pending.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        pending += (one.__context__, one.__cause__)
        if isinstance(one, BaseExceptionGroup):
            pending += one.exceptions
        traceback = one.__traceback__
        while traceback is not None:
            _forget_frame(traceback.tb_frame)
            traceback = traceback.tb_next


# In small functions: a handler far into a long one makes CPython 3.13 loop for ever where there is no memory for its
# place. A generator is such a handler as a whole.


def _forget_frame(frame: types.FrameType) -> None:
    try:
        frame.clear()
    except RuntimeError:  # it still runs
        return
    if _FRAMES_KEEP_A_COPY:
        frame.f_locals  # noqa: B018  # made anew, of nothing


def _content(cell: types.CellType) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:  # empty so far
        return []


def record_return(function: object, result: object, count: int) -> Record:
    """The Record of a task's end, which made ``count`` guarded objects or so. Called by the C core."""
    from owned import _core

    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if isinstance(code, types.CodeType):
        file, line, name = code.co_filename, code.co_firstlineno, code.co_qualname
    else:
        (file, line, _), name = calling_site(), name_of(function)
    thread = threading.current_thread().name
    return Record("return", _core.known_type(result).__name__, count, file, line, name, thread)


def warn_of_unclaimed(record: Record | None) -> None:
    """Strict mode: the result of a task is lost that nobody took. Called by the C core."""
    from owned._warn import warn

    what = "the result of a task" if record is None else f"what {record.function}() returned"
    tail = "" if record is None else f" ({record})"
    warn(
        errors.UnclaimedWarning(
            f"{what} was handed over and nobody took it{tail}: nobody will ever touch it. Call result(), or let the "
            "function return nothing that is guarded"
        )
    )
