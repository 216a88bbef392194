# SPDX-License-Identifier: MIT
"""A detector that only writes down what it is told, for tests of what rewritten code tells.

``with recording() as told:`` puts it in the place of the real hooks. `told` is a list of ``(hook, type of the object,
name or key)``; it is filled while ``told.on`` is true. `run` executes a source plainly and rewritten and compares.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
from collections.abc import Iterator
from typing import Any

from owned._audit import _hooks, _rewrite

METHODS = frozenset({"append", "get", "items", "pop", "setdefault", "sort", "update"})
FUNCTIONS = frozenset({"heappush", "len", "list", "setattr", "sorted", "vars"})
PREFIX = "@owned."


class Told(list[tuple[Any, ...]]):
    """What was told so far."""

    def put(self, hook: str, obj: object, *what: object) -> None:
        self.append((hook, type(obj).__name__, *what))


class Place:
    """What `p` gives: it stands for an object, and each operation on it is told of and done on that."""

    __slots__ = ("obj", "told")

    def __init__(self, told: Told, obj: Any) -> None:
        object.__setattr__(self, "obj", obj)
        object.__setattr__(self, "told", told)

    def __getattribute__(self, name: str) -> Any:
        obj, told = _parts(self)
        if name in METHODS:
            return bound(told, obj, name)
        told.put("r", obj, name)
        return getattr(obj, name)

    def __setattr__(self, name: str, value: object) -> None:
        obj, told = _parts(self)
        told.put("w", obj, name)
        setattr(obj, name, value)

    def __delattr__(self, name: str) -> None:
        obj, told = _parts(self)
        told.put("w", obj, name)
        delattr(obj, name)

    def __getitem__(self, key: Any) -> Any:
        obj, told = _parts(self)
        told.put("ri", obj, key)
        return obj[key]

    def __setitem__(self, key: Any, value: object) -> None:
        obj, told = _parts(self)
        told.put("wi", obj, key)
        obj[key] = value

    def __delitem__(self, key: Any) -> None:
        obj, told = _parts(self)
        told.put("di", obj, key)
        del obj[key]

    def __contains__(self, key: object) -> bool:
        obj, told = _parts(self)
        told.put("c", obj, key)
        return key in obj


def _parts(place: Place) -> tuple[Any, Told]:
    return object.__getattribute__(place, "obj"), object.__getattribute__(place, "told")


def bound(told: Told, obj: Any, name: str) -> Any:
    """A method, or a function of a module, that tells when it is called."""
    method = getattr(obj, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        told.put("b", obj, name)
        return method(*args, **kwargs)

    return call


def hooks(told: Told) -> dict[str, Any]:
    """All of them, by the names that rewritten code calls."""

    def first(hook: str) -> Any:
        def tell(obj: Any, *what: Any) -> Any:
            told.put(hook, obj, *what)
            return obj

        return tell

    def gi(obj: Any, key: Any) -> Any:
        told.put("ri", obj, key)
        return obj[key]

    def si(value: Any, obj: Any, key: Any) -> None:
        told.put("wi", obj, key)
        obj[key] = value

    def a(value: Any, obj: Any) -> Any:
        told.put("a", obj)
        return value

    def g(value: Any, name: str) -> Any:
        told.append(("g", name))
        return value

    def v(value: Any, scope: Any, name: str) -> Any:
        assert isinstance(scope, Scope)
        told.append(("v", name))
        return value

    def tell_closure(scope: Any, name: str) -> None:
        assert isinstance(scope, Scope)
        told.append(("V", name))

    def quiet(obj: Any) -> Any:
        return obj

    found = {hook: first(hook) for hook in ("r", "w", "u", "ri", "wi", "ui", "di", "s", "ws", "c", "it")}
    found |= {"gi": gi, "si": si, "a": a, "g": g, "v": v, "V": tell_closure, "scope": Scope}
    found |= {
        "G": lambda name: told.append(("G", name)),
        "b": lambda obj, name: bound(told, obj, name),
        "f": lambda func: func,
        "p": lambda obj: Place(told, obj),
        "new": lambda obj: obj,
        "born": lambda obj: None,
        "h": _hooks.hide,
        "m": _hooks.match,
        "slice": slice,
    }
    return {PREFIX + name: hook for name, hook in found.items()}


class Scope:
    """What `scope` gives."""


@contextlib.contextmanager
def recording(on: bool = True) -> Iterator[Told]:
    """This detector instead of the real one, telling or quiet."""
    _hooks.ready()
    told = Told()
    before = {name: value for name, value in vars(builtins).items() if name.startswith(PREFIX)}
    vars(builtins).update(hooks(told))
    vars(builtins)[PREFIX + "MT"] = True if on else None
    try:
        yield told
    finally:
        for name in [name for name in vars(builtins) if name.startswith(PREFIX)]:
            del vars(builtins)[name]
        vars(builtins).update(before)


def rewritten(source: str, filename: str = "<rewritten>") -> Any:
    """The code of a source, rewritten."""
    return compile(
        _rewrite.rewrite(ast.parse(source, filename), METHODS, FUNCTIONS), filename, "exec", dont_inherit=True
    )
