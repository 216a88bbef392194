# SPDX-License-Identifier: MIT
"""The hooks that need no C, and putting them where rewritten code finds them.

Frames of this package are left out of the stacks that are told, so what is told of here is told of the caller.
"""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Iterable
from typing import Any, TypeVar

from owned._audit import _detector, _sync_imports
from owned._audit._rewrite_parts import PREFIX
from owned._audit._scopes import HIDDEN

_T = TypeVar("_T")
_Spec = Iterable[tuple[str, Any, "_Spec"]]


def hide(names: _T) -> _T:
    """What ``locals()``, ``vars()`` or ``dir()`` gave, without the variables that only rewritten code has."""
    if isinstance(names, dict):
        for name in [name for name in names if isinstance(name, str) and name.startswith(HIDDEN)]:
            del names[name]
    elif isinstance(names, list):
        names[:] = [name for name in names if not name.startswith(HIDDEN)]
    return names


def match(subject: _T, spec: _Spec) -> _T:
    """Tell of what the patterns of a ``match`` statement read, see `_rewrite._patterns`; all of them, matching or not.

    Nothing of the program is run for it: attributes are looked up in the instance, items in lists, tuples and dicts.
    """
    tell_attribute, tell_key, tell_all = _told("r"), _told("ri"), _told("s")
    for kind, what, inner in spec:
        found: Any = None
        if kind == "[":
            if what is None:
                tell_all(subject)
            elif type(subject) in (list, tuple) and -len(subject) <= what < len(subject):  # type: ignore[arg-type]
                found = subject[what]  # type: ignore[index]
        elif kind == "{":
            if what is None:
                tell_all(subject)
            elif isinstance(subject, dict):
                tell_key(subject, what)
                found = dict.get(subject, what)
        else:
            names = (what,) if kind == "." else _positional(subject, what)
            for name in names:
                tell_attribute(subject, name)
                found = _in_instance(subject, name)
        if found is not None and inner:
            match(found, inner)
    return subject


def _told(hook: str) -> Any:
    return builtins.__dict__[PREFIX + hook]


def _positional(subject: object, number: int) -> tuple[str, ...]:
    names = inspect.getattr_static(type(subject), "__match_args__", ())
    return names[number : number + 1] if isinstance(names, tuple) else ()


def _in_instance(subject: object, name: str) -> object:
    try:
        return object.__getattribute__(subject, "__dict__").get(name)
    except AttributeError:
        return None


def ready() -> None:
    """Make sure that rewritten code finds what it calls, from now on and for ever.

    The hooks in C are there since `_detector` was imported.
    """
    assert PREFIX + "MT" in builtins.__dict__ and _detector is not None
    here = {"h": hide, "i": _sync_imports.imported, "m": match, "slice": slice}
    builtins.__dict__.update({PREFIX + name: hook for name, hook in here.items()})
