# SPDX-License-Identifier: MIT
"""Locks that were made before anybody told of locks: those that can be found are told of from now on.

Found is what a global of a module has, or an attribute of a class, or of an instance, that a global of a module has;
and the locks of logging's handlers. The real lock goes on being the one that is taken: whoever has kept it elsewhere
excludes, and is excluded. A lock that somebody holds now is left as it is, since whoever holds it gives back the real
one.

What is not found is taken without anybody's knowledge: an access under it looks unprotected.
`python -m owned audit` begins before the program does, and misses at most what the standard library keeps for itself.
"""

from __future__ import annotations

import sys
import threading
from types import FunctionType, ModuleType
from typing import Any

from owned._audit._sync_base import Patches, has_any, is_inside_module
from owned._audit._sync_locks import REAL, is_real, tell_of

__all__ = ["install"]

# Their globals are asked for locks by C code, or they are how locks are told of.
_LEAVE = (
    "_thread",
    "threading",
    "queue",
    "builtins",
    "sys",
    "gc",
    "weakref",
    "_weakrefset",
    "owned",
    "wrapt",
    "importlib",
)

_REPLACED = frozenset(map(id, (*REAL, threading.Condition)))


def install(patches: Patches) -> None:
    """Tell of the locks that are there."""
    seen: dict[int, Any] = {}
    for name, module in list(sys.modules.items()):
        if hasattr(module, "__dict__") and name.partition(".")[0] not in _LEAVE and not is_inside_module(name):
            _look_at(module, name, patches, seen)
    logging = sys.modules.get("logging")
    if logging is not None:
        for handler in [reference() for reference in list(logging._handlerList)]:
            if handler is not None:
                _replace_in(handler, patches, seen)


def _look_at(module: ModuleType, name: str, patches: Patches, seen: dict[int, Any]) -> None:
    _replace_in(module, patches, seen)
    for value in list(vars(module).values()):
        if isinstance(value, type):
            if value.__module__ == name:
                _replace_in(value, patches, seen)
        elif not isinstance(value, (ModuleType, FunctionType)) and not _is_plain(value):
            _replace_in(value, patches, seen)


def _is_plain(value: object) -> bool:
    """Has it nothing that a lock could be kept in?"""
    return not type(value).__dictoffset__ or type(value).__module__ == "builtins"


def _replace_in(owner: Any, patches: Patches, seen: dict[int, Any]) -> None:
    try:
        known = vars(owner)
    except TypeError:
        return
    if not has_any(map(id, map(type, list(known.values()))), _REPLACED):
        return
    for name, value in list(known.items()):
        if is_real(value):
            _replace(owner, name, value, patches, seen)
        elif type(value) is threading.Condition and is_real(vars(value)["_lock"]) and not vars(value)["_waiters"]:
            _tell_of_condition(value, patches, seen)


def _replace(owner: Any, name: str, real: Any, patches: Patches, seen: dict[int, Any]) -> Any:
    told = seen.get(id(real))
    if told is None:
        told = tell_of(real)
        if told is None:
            return None
        seen[id(real)] = told
    try:
        setattr(owner, name, told)
    except (AttributeError, TypeError):  # it does not want to be changed
        return None

    def undo() -> None:
        if vars(owner).get(name) is told:
            setattr(owner, name, real)

    patches.also(undo)
    return told


def _tell_of_condition(condition: Any, patches: Patches, seen: dict[int, Any]) -> None:
    """Put a lock that is told of in a condition, as its constructor would."""
    names = [name for name in _FROM_THE_LOCK if name in vars(condition)]
    before = {name: vars(condition)[name] for name in names}
    told = _replace(condition, "_lock", condition._lock, patches, seen)
    if told is None:
        return
    for name in names:
        setattr(condition, name, getattr(told, name))

    def undo() -> None:
        vars(condition).update(before)

    patches.also(undo)


_FROM_THE_LOCK = ("acquire", "release", "_release_save", "_acquire_restore", "_is_owned")
