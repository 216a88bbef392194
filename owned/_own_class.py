# SPDX-License-Identifier: MIT
"""``own_class("package.module:Class")``: guarding classes of other people's modules, when these are imported.

A guarded class is a new class (a class's layout cannot change), so whatever was made of the old one by then has to be
made of the new one: its subclasses are made anew as well, in the order in which they were made, and every module and
class that refers to one of the old ones is pointed at the new one. The hook runs right after the module's own code, so
that little refers to them yet: a package that re-exports the class gets the guarded one.
"""

from __future__ import annotations

import gc
import inspect
import sys
import types
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from owned import _classes, _guarded_by, _refused, _shared_by
from owned._records import calling_site
from owned._warn import warn
from owned.errors import OwnershipWarning

__all__ = ["own_class"]


def own_class(
    name: str,
    /,
    *,
    slots: bool = False,
    monitor: bool = False,
    shared_by: str | None = None,
    unlocked: Iterable[str] = (),
    guarded_by: Mapping[str, str] | None = None,
) -> None:
    """Guard a class that somebody else wrote: as soon as its module is imported, or at once if it is already.

    It does what ``@owned`` above the class would do, in the module, in every other module that has imported the class
    already, and for the class's subclasses, which are made anew too. Call it early, before the module is imported: then
    nothing can have kept the class as it was.

    Args:
        name: ``"package.module:Class"``, or ``"package.module:Outer.Inner"``.
        slots: as for ``owned``.
        monitor: as for ``owned``.
        shared_by: the attribute with the lock that the class itself takes. An instance is shared under it as soon as
            it is made. What the class needs to get at the lock may be touched without it: methods, class attributes,
            and fields that hold locks, conditions, events, queues or threads. A ``threading.Lock`` or
            ``threading.RLock`` there that nobody else refers to is replaced by an ``owned.Lock`` or ``owned.RLock``,
            which know their holder.
        unlocked: names of more fields that may be read without the lock, because they never change.
        guarded_by: for a class with several locks, or one of whose attributes only some are guarded: which attribute
            belongs to which lock, ``{"balance": "_lock"}``. Nothing else about the class changes: it is not made
            owned. Its ``__init__`` needs no lock.

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

    from owned import _core

    module, qualname = _parse(name)
    file, line, _function = calling_site()
    lock = _shared(shared_by, unlocked, monitor)
    if guarded_by is not None and (slots or monitor or lock is not None):
        raise TypeError("`guarded_by` names a lock for each attribute, the other options guard all of them: give one")
    fields = None if guarded_by is None else dict(guarded_by)

    def guard(loaded: types.ModuleType) -> None:
        try:
            if fields is not None:
                _guard_fields(_find(loaded, qualname), fields)
                return
            made = _guard(loaded, qualname, slots=slots, monitor=monitor)
            if lock is not None and issubclass(made, _core.Owned):
                _shared_by.declare(made, *lock)
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


def _shared(shared_by: object, unlocked: object, monitor: bool) -> tuple[str, tuple[str, ...]] | None:
    if isinstance(unlocked, str) or not isinstance(unlocked, Iterable):
        raise TypeError(f"`unlocked` must be a sequence of names, got {type(unlocked).__name__}")
    names = tuple(unlocked)
    if shared_by is None:
        if names:
            raise TypeError("`unlocked` says what may be read without the lock that `shared_by` names: give both")
        return None
    if monitor:
        raise TypeError("`shared_by` names a lock that the class takes itself, `monitor` takes one for it: give one")
    for name in (shared_by, *names):
        if not isinstance(name, str) or not name.isidentifier():
            raise TypeError(f"`shared_by` and `unlocked` take names of attributes, got {name!r}")
    return shared_by, names  # type: ignore[return-value]


def _guard_fields(cls: type, fields: dict[str, str]) -> None:
    """Do what ``name = guarded_by(lock)`` in the body of the class would have done."""
    from owned import _core

    _core.rely_on_mode()
    if _core.get_mode() == 0:
        return
    for name, lock in fields.items():
        value = inspect.getattr_static(cls, name, None)
        if hasattr(type(value), "__set__"):
            raise TypeError(f"{cls.__qualname__}.{name} is a {type(value).__name__}, not a field in the __dict__")
        default = {"default": value} if hasattr(cls, name) else {}
        declared = _guarded_by.guarded_by(lock, **default)
        declared.__set_name__(cls, name)
        type.__setattr__(cls, name, declared)
    _guarded_by.trust_init(cls)


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
            import difflib

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


def _guard(module: types.ModuleType, qualname: str, *, slots: bool, monitor: bool) -> type:
    cls = _find(module, qualname)
    made = _classes._owned(cls, slots=slots, monitor=monitor)
    if made is cls:
        return made
    anew = {cls: made}
    for subclass in _subclasses(cls):
        try:
            _refused.refuse(subclass, anew)
            anew[subclass] = _classes._remake(subclass, False, anew)
        except TypeError as error:
            error.add_note(f"{subclass.__qualname__} is a subclass of {cls.__qualname__} and has to be guarded with it")
            raise
    _warn_of_instances(anew)
    _replace(module, anew)
    return made


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
    classes = {value for value in vars(module).values() if _is_class(value)}
    todo = [*classes, *anew.values()]
    seen: set[type] = set()
    for cls in todo:
        if cls in seen or (cls.__module__ != module.__name__ and cls not in anew.values()):
            continue
        seen.add(cls)
        for name, value in tuple(vars(cls).items()):
            if _is_one_of(value, anew):
                type.__setattr__(cls, name, anew[value])
            elif _is_class(value):
                todo.append(value)


def _is_class(value: object) -> TypeGuard[type]:
    """Without asking it: a lazy object answers ``isinstance`` by computing what it stands for."""
    return issubclass(type(value), type)


def _is_one_of(value: object, anew: dict[type, type]) -> bool:
    return any(value is old for old in anew)  # `in` would ask a metaclass's __eq__


def _modules() -> Iterable[types.ModuleType]:
    loaded: list[Any] = list(sys.modules.values())  # anybody may put anything there
    return [module for module in loaded if issubclass(type(module), types.ModuleType)]


def _warn_of_instances(anew: dict[type, type]) -> None:
    old = tuple(anew)
    count = sum(_is_one_of(type(referrer), anew) for referrer in gc.get_referrers(*old))
    if count:
        names = ", ".join(sorted(cls.__qualname__ for cls in old))
        what = "1 instance was" if count == 1 else f"{count} instances were"
        warn(
            OwnershipWarning(
                f"{what} made before {names} was guarded, and stay unguarded: call own_class() before the module is "
                "imported"
            )
        )
