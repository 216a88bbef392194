# SPDX-License-Identifier: MIT
"""``own_class("package.module:Class")``: guarding classes of other people's modules, when these are imported.

A guarded class is a new class (a class's layout cannot change), so whatever was made of the old one by then has to be
made of the new one: its subclasses are made anew as well, in the order in which they were made, and every module and
class that refers to one of the old ones is pointed at the new one. The hook runs right after the module's own code, so
that little refers to them yet: a package that re-exports the class gets the guarded one.
"""

from __future__ import annotations

import difflib
import gc
import sys
import types
import warnings
from collections.abc import Iterable
from typing import Any

from owned import _classes, _refused
from owned._records import calling_site
from owned.errors import OwnershipWarning

__all__ = ["own_class"]


def own_class(name: str, /, *, slots: bool = False, monitor: bool = False) -> None:
    """Guard a class that somebody else wrote: as soon as its module is imported, or at once if it is already.

    It does what ``@owned`` above the class would do, in the module, in every other module that has imported the class
    already, and for the class's subclasses, which are made anew too. Call it early, before the module is imported: then
    nothing can have kept the class as it was.

    Args:
        name: ``"package.module:Class"``, or ``"package.module:Outer.Inner"``.
        slots: as for ``owned``.
        monitor: as for ``owned``.

    Raises:
        ValueError: `name` is not of that form; the module has no such class.
        TypeError: the class, or one of its subclasses, cannot be guarded; the message says why, and what to do.
            Where the module is imported later, the import raises the ValueError or TypeError, and the module is not
            imported: a program does not run unguarded without a word.

    Threads:
        Call it where no other thread uses the module yet. Instances that exist already stay unguarded, which an
        ``OwnershipWarning`` tells. Not found: the old class in a registry, a container, a closure, a default argument,
        or registered as a virtual subclass of an ABC.
    """
    import wrapt  # imports asyncio

    module, qualname = _parse(name)
    file, line, _function = calling_site()

    def guard(loaded: types.ModuleType) -> None:
        try:
            _guard(loaded, qualname, slots=slots, monitor=monitor)
        except (TypeError, ValueError) as error:
            error.add_note(f"asked for by own_class({name!r}) at {file}:{line}")
            if at_import:  # wrapt has forgotten the hook by now: a second import must not succeed
                sys.modules.pop(module, None)
                wrapt.register_post_import_hook(guard, module)
            raise

    loaded = sys.modules.get(module)
    at_import = loaded is None
    if loaded is None:
        wrapt.register_post_import_hook(guard, module)
    else:
        guard(loaded)


def _parse(name: object) -> tuple[str, str]:
    if not isinstance(name, str):
        raise TypeError(f"`name` must be a str, got {type(name).__name__}")
    module, colon, qualname = name.partition(":")
    parts = [*module.split("."), *qualname.split(".")]
    if not colon or not all(part.isidentifier() for part in parts):
        raise ValueError(f"`name` must look like 'package.module:Class', got {name!r}")
    return module, qualname


def _find(module: types.ModuleType, qualname: str) -> type:
    found: Any = module
    for name in qualname.split("."):
        namespace = vars(found)
        if name not in namespace:
            near = difflib.get_close_matches(
                name, [key for key, value in namespace.items() if isinstance(value, type)], 1
            )
            hint = f": did you mean {near[0]}?" if near else ""
            raise ValueError(f"{_label(found)} has no class {name}{hint}")
        found = namespace[name]
        if not isinstance(found, type):
            raise ValueError(f"{name} in module {module.__name__} is no class but of type {type(found).__name__}")
    return found  # type: ignore[no-any-return]


def _label(found: Any) -> str:
    return f"module {found.__name__}" if isinstance(found, types.ModuleType) else f"class {found.__qualname__}"


def _guard(module: types.ModuleType, qualname: str, *, slots: bool, monitor: bool) -> None:
    cls = _find(module, qualname)
    made = _classes._owned(cls, slots=slots, monitor=monitor)
    if made is cls:
        return
    anew = {cls: made}
    for subclass in _subclasses(cls):
        try:
            _refused.refuse(subclass)
            anew[subclass] = _classes._remake(subclass, False, anew)
        except TypeError as error:
            error.add_note(f"{subclass.__qualname__} is a subclass of {cls.__qualname__} and has to be guarded with it")
            raise
    _warn_of_instances(anew)
    _replace(module, anew)


def _subclasses(cls: type) -> list[type]:
    """All subclasses that live, each behind all of its bases."""
    found: dict[type, None] = {}
    todo: list[type] = list(type.__subclasses__(cls))
    for subclass in todo:
        found[subclass] = None
        found_below: list[type] = type.__subclasses__(subclass)
        todo += [below for below in found_below if below not in todo]
    return sorted(found, key=lambda subclass: len(subclass.__mro__))


def _replace(module: types.ModuleType, anew: dict[type, type]) -> None:
    """Point every module, and every class of the module and of those that were made anew, at the new classes."""
    namespaces = [vars(loaded) for loaded in _modules()]
    if not any(namespace is vars(module) for namespace in namespaces):  # a hook may run before it is there
        namespaces.append(vars(module))
    for namespace in namespaces:
        for name, value in tuple(namespace.items()):
            if _is_one_of(value, anew):
                namespace[name] = anew[value]
    classes = {value for value in vars(module).values() if isinstance(value, type)}
    todo = [*classes, *anew.values()]
    seen: set[type] = set()
    for cls in todo:
        if cls in seen or (cls.__module__ != module.__name__ and cls not in anew.values()):
            continue
        seen.add(cls)
        for name, value in tuple(vars(cls).items()):
            if _is_one_of(value, anew):
                type.__setattr__(cls, name, anew[value])
            elif isinstance(value, type):
                todo.append(value)


def _is_one_of(value: object, anew: dict[type, type]) -> bool:
    return any(value is old for old in anew)  # `in` would ask a metaclass's __eq__


def _modules() -> Iterable[types.ModuleType]:
    loaded: list[Any] = list(sys.modules.values())  # anybody may put anything there
    return [module for module in loaded if isinstance(module, types.ModuleType)]


def _warn_of_instances(anew: dict[type, type]) -> None:
    old = tuple(anew)
    count = sum(_is_one_of(type(referrer), anew) for referrer in gc.get_referrers(*old))
    if count:
        names = ", ".join(sorted(cls.__qualname__ for cls in old))
        what = "1 instance was" if count == 1 else f"{count} instances were"
        file, line, _function = calling_site()
        warnings.warn_explicit(
            f"{what} made before {names} was guarded, and stay unguarded: call own_class() before the module is "
            "imported",
            OwnershipWarning,
            file,
            line,
        )
