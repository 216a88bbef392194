# SPDX-License-Identifier: MIT
"""Strict mode's alias check: does somebody else still hold what a guarded object is about to store as a copy?

The core asks when it sees more than one reference. Counts alone prove little: a variable that merely passed the object
on counts as much as one that keeps it, and a call from C (``map``, a class that is called) holds its arguments once
more. So a count only says that looking is worth while, and two kinds of holders are then looked for:

- a variable of a calling function that is no parameter of its own: the caller still has a name for it. The variables of
  the function that stores it, and parameters on the way, are taken for names it had on its way;
- something on the heap: an attribute, a global, an element of a container. Finding those means a walk of the whole heap
  (``gc.get_referrers``), so a line of the program is looked at three times and then left alone.

References where the core looks, measured. A variable that is passed on is counted up to 3.13, and mostly borrowed from
3.14 on, so that there the callers' variables are looked through whatever the count:

                                                      3.11, 3.12, 3.13, 3.13t    3.14, 3.15
    obj.a = [1]                                                 1                    1
    x = [1]; obj.a = x                                          2                   1 or 2
    def put(x): obj.a = x        put([1])                       2                    1
                                 y = [1]; put(y)                3                    1
                                 put(other.a)                   3                    2
    obj.a = other.a                                             2                    2
    K([1]), whose __init__ stores it                            4                    3
    K(items=[1])                                                5                    4
    y = [1]; K(y)                                               5                    3
    K(other.a)                                                  5                    4
    each super().__init__(items) on the way                    +1                    0
"""

from __future__ import annotations

import dis
import functools
import gc
import inspect
import sys
import types
from collections import Counter
from types import FrameType
from typing import Any

from owned._inside import attributes, fields
from owned._records import HERE, caller_of, calling_frame
from owned._warn import warn
from owned.errors import AliasWarning

_FRAMES_MOST = 8
_SCANS_MOST = 3  # of the heap, for one line of the program
_REACH_MOST = 10_000
_COUNTS_VARIABLES = sys.version_info < (3, 14)
_PASSED = 1  # references of whoever passes it on: the evaluation stack
_PASSED_BY_CLASS = 3  # and when a class is called, which keeps its arguments until __init__ has returned

_scans: Counter[tuple[str, int]] = Counter()

_HEAP_TYPE = 1 << 9  # from CPython's Include/object.h; part of the stable ABI

_NO_HOLDERS = (tuple, types.CellType, types.FrameType, types.TracebackType, types.GeneratorType, types.CoroutineType)
_NOT_INTO = (type, types.ModuleType, types.FunctionType, types.FrameType)


def check_stored(value: Any, count: int, place: object, form: str, name: object) -> None:
    """Warn if somebody else holds a list, dict or set that is about to be copied. Called by the C core.

    Args:
        value: the container. Its own code is not run.
        count: the references to it, without the core's own.
        place: what it is stored in.
        form: ``"attribute"``, ``"item"`` or, where there is no name, ``"element"``.
        name: which one.
    """
    from owned import _core, _violations

    if sys._getframe(2).f_globals.get("__name__") == "owned._thaw":  # behind _strict
        return  # thaw puts a copy together that nobody has seen yet
    other = _other_holder(value, count, place)
    if other is None:
        return
    kind = type(value).__name__
    guarded = kind.capitalize()
    label = _violations.label(form, name)
    holder_type = _core.known_type(place)
    if label is None:
        into = f"a {holder_type.__name__}"
    else:
        into = f"{holder_type.__name__}.{label}" if form == "attribute" else f"{holder_type.__name__}[{label}]"
    warn(
        AliasWarning(
            f"a {kind} is stored in {into} as a copy, a guarded {guarded}, but {other} still holds the {kind} itself: "
            f"what is changed there later is not seen here. Let go of it, store a copy, {kind}(...), or make it a "
            f"{guarded} in the first place",
        )
    )


def check_wrapped(obj: Any, count: int) -> None:
    """Warn if somebody else holds what ``own`` is about to wrap. Called by the C core.

    Args:
        obj: the object. Its own code is not run.
        count: the references to it.
    """
    other = _other_holder(obj, count, None)
    if other is not None:
        warn(
            AliasWarning(
                f"own() is put around a {type(obj).__name__} that {other} still holds: what is done to it there is not "
                "checked. Keep nothing but the wrapper: obj = own(obj)",
            )
        )


# ---- who holds it ------------------------------------------------------------------------------------------------


def _other_holder(obj: Any, count: int, place: object) -> str | None:
    """Somebody beside the function that stores it, and those that passed it on, in words."""
    storing = calling_frame()
    if storing is None:
        return None
    if place is not None and count > 1 and _is_stored_twice(storing.f_code, storing.f_lasti):
        return f"another target of this assignment ({storing.f_code.co_filename}:{storing.f_lineno})"
    variables = 0
    passed = _PASSED
    frame: FrameType | None = storing
    for _ in range(_FRAMES_MOST):
        if frame is None:
            break
        code = frame.f_code
        names = [] if code.co_filename.startswith(HERE) else _names_of(frame, obj)
        if not names and frame is not storing:  # it came from here: as a value of its own, or out of something else
            break
        variables += len(names) if _COUNTS_VARIABLES else 0
        kept = [] if frame is storing else [name for name in names if name not in _parameters(code)]
        if kept:
            return _variable(frame, kept[0])
        if code.co_name == "__init__":
            passed = _PASSED_BY_CLASS
        frame = caller_of(frame)
    site = storing.f_code.co_filename, storing.f_lineno or 0
    if count <= variables + passed or _scans[site] >= _SCANS_MOST:
        return None
    _scans[site] += 1
    return _holder_on_heap(obj, storing, place)


@functools.lru_cache(1024)
def _is_stored_twice(code: types.CodeType, offset: int) -> bool:
    """Does the statement at this instruction store the object once more, as ``self.items = items = []`` does?

    The object is then copied on the stack, and until both are stored nothing but fetching and storing happens.
    """
    height = 0  # of the stack above what was there before the object, since it was copied
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        if instruction.offset >= offset:
            return height > 0 and name in ("STORE_ATTR", "STORE_SUBSCR")
        if name == "COPY" and instruction.arg == 1:
            height = 2
        elif height > 0 and name.startswith(("LOAD_", "STORE_")):
            height += dis.stack_effect(instruction.opcode, instruction.arg, jump=False)
        else:
            height = 0
    return False


def _variable(frame: FrameType, name: str) -> str:
    code = frame.f_code
    if _is_function(code):
        return f"the variable {name!r} of {code.co_qualname} ({code.co_filename}:{frame.f_lineno})"
    return f"the global {name!r} ({code.co_filename}:{frame.f_lineno})"


def _is_function(code: types.CodeType) -> bool:
    return bool(code.co_flags & inspect.CO_OPTIMIZED)


def _names_of(frame: FrameType, obj: Any) -> list[str]:
    """The variables of a frame that are bound to the object."""
    is_function = _is_function(frame.f_code)
    names: Any = frame.f_locals
    if not is_function and type(names) is not dict:  # exec() takes anything
        return []
    found = [name for name, value in list(names.items()) if value is obj]
    if is_function and type(names) is dict and sys.getrefcount(names) <= 3:
        # Before 3.13 the frame keeps this dict, and with it what was in its variables. Nobody else has seen it.
        names.clear()
    return found


def _parameters(code: types.CodeType) -> tuple[str, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[:count]


def _holder_on_heap(obj: Any, storing: FrameType, place: object) -> str | None:
    own_names = None if _is_function(storing.f_code) else storing.f_globals
    ours = {id(own_names), id(place), id(attributes(place))}
    holders = [each for each in gc.get_referrers(obj) if type(each) not in _NO_HOLDERS and id(each) not in ours]
    inside = _reach(obj) if holders else None
    if inside is None:
        return None
    told = (_describe(holder, obj, holders) for holder in holders if id(holder) not in inside)
    return next((text for text in told if text is not None), None)


def _reach(obj: Any) -> set[int] | None:
    """The ids of what an object reaches, which may well point back at it; None if that is too much."""
    met = {id(obj)}
    todo = [obj]
    while todo:
        for child in gc.get_referents(todo.pop()):
            if id(child) not in met and gc.is_tracked(child) and not _is_one_of(child, _NOT_INTO):
                if len(met) >= _REACH_MOST:
                    return None
                met.add(id(child))
                todo.append(child)
    return met


def _is_one_of(obj: object, kinds: tuple[type, ...]) -> bool:
    return issubclass(type(obj), kinds)  # isinstance() asks the object's __class__, which may be anybody's code


def _describe(holder: Any, obj: Any, holders: list[Any]) -> str | None:
    """A holder in words; None for one that may be on its way somewhere itself: the arguments of a call, a temporary."""
    kind = type(holder)
    if not issubclass(kind, (dict, list, set)):
        return _attribute(holder, obj)
    owner = next(
        (each for each in gc.get_referrers(holder) if each is not holders and not _is_passing(type(each))),
        None,
    )
    if owner is None:
        return None
    if kind is dict and type(owner) in (types.ModuleType, types.FunctionType):
        return f"the global {holder.get('__name__', '?')}.{_key(holder, obj)}"
    if kind is dict and attributes(owner) is holder:
        return f"the attribute {_key(holder, obj)!r} of a {type(owner).__name__}"
    return f"a {kind.__name__}"


def _is_passing(kind: type) -> bool:
    """A frame, or an iterator that is made in C: what holds these may be a call that goes on."""
    is_iterator = not kind.__flags__ & _HEAP_TYPE and "__next__" in kind.__dict__
    return kind in _NO_HOLDERS or is_iterator


def _attribute(holder: Any, obj: Any) -> str:
    from owned import _core

    with _core.unchecked():
        name = next((name for name, value in fields(holder) if value is obj), None)
    owner = _core.known_type(holder).__name__
    return f"a {owner}" if name is None else f"the attribute {name!r} of a {owner}"


def _key(names: Any, obj: Any) -> str | None:
    return next((key for key, value in tuple(dict.items(names)) if value is obj), None)
