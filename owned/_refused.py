# SPDX-License-Identifier: MIT
"""Classes that ``@owned`` refuses, each with the way out."""

from __future__ import annotations

import enum
import struct
import types
from collections.abc import Container

from owned._known_types import is_of_event_loop, is_synchronized

_CONSTANT = "its members are constants, made once for every thread: there is nothing to guard"
_TWO_THREADS = (
    "lives on several threads by nature, so it can be private to none: keep its data in an @owned object of its own, "
    "and share that"
)
_LOOP = (
    "belongs to an event loop, which calls it from code of its own: keep its data in an @owned object of its own, and "
    "let the loop's thread own that"
)

# Flags of type objects, from CPython's Include/object.h; part of the stable ABI.
_IMMUTABLETYPE = 1 << 8
_HEAPTYPE = 1 << 9

_POINTER = struct.calcsize("P")


def refuse(cls: type, remade: Container[type] = ()) -> None:
    """Raise TypeError for a class whose instances cannot be guarded by a base class.

    Its bases in ``remade`` are guarded together with it: their fields are not in the way.

    Raises:
        TypeError: with the reason and the way out.
    """
    from owned import _core

    name = cls.__name__
    if issubclass(cls, enum.Enum):
        raise TypeError(f"@owned cannot guard the enum {name}: {_CONSTANT}")
    if issubclass(cls, (_core.Lock, _core.RLock, _core.RWLock, _core.Region)):
        raise TypeError(f"@owned cannot guard {name}: it {_TWO_THREADS}")
    if is_synchronized(cls):
        raise TypeError(f"@owned cannot guard {name}: it {_TWO_THREADS}")
    if is_of_event_loop(cls):
        raise TypeError(f"@owned cannot guard {name}: it {_LOOP}")
    if vars(cls).get("_is_protocol", False):
        raise TypeError(f"@owned cannot guard the protocol {name}: guard the classes that implement it")
    if issubclass(cls, type):
        raise TypeError(f"@owned cannot guard the metaclass {name}: classes are shared by every thread")
    if issubclass(cls, (_core.List, _core.Dict, _core.Set)):
        raise TypeError(f"{name} is guarded already: a subclass of List, Dict or Set needs no @owned")
    if not issubclass(cls, _core.Owned):
        _refuse_layout(cls, remade)


def refuse_remaking(cls: type) -> None:
    """Raise TypeError for a class that cannot be made a second time.

    Raises:
        TypeError: its metaclass takes options; what was given for them cannot be known.
    """
    kind: type = type(cls)
    for metaclass in kind.__mro__:
        for name in ("__prepare__", "__new__", "__init__"):
            method = vars(metaclass).get(name)
            function = getattr(method, "__func__", method)
            if isinstance(function, types.FunctionType) and function.__code__.co_kwonlyargcount:
                raise TypeError(
                    f"@owned cannot make {cls.__name__} anew: what options were given to its metaclass "
                    f"{metaclass.__name__} is not known. Write `class {cls.__name__}(Owned, ...)` instead of decorating"
                )


def _refuse_layout(cls: type, remade: Container[type]) -> None:
    if is_made_in_c(cls):
        raise TypeError(
            f"@owned cannot guard {cls.__name__}: no class statement made it. Wrap its instances with own(obj)"
        )
    layout = _layout(cls, remade)
    if layout is not None:
        way_out = (
            "Wrap its instances with own(obj)"
            if is_made_in_c(layout)
            else f"Decorate {layout.__name__} with @owned instead: its subclasses are guarded too"
        )
        raise TypeError(
            f"@owned cannot guard {cls.__name__}: its instances have the layout of {layout.__name__}, which has no "
            f"room for the owner. {way_out}"
        )


def is_made_in_c(cls: type) -> bool:
    """Is it a type that no class statement made?"""
    if not cls.__flags__ & _HEAPTYPE or cls.__flags__ & _IMMUTABLETYPE:
        return True
    made_by_type = ("__dict__", "__weakref__")
    in_c = (types.MethodDescriptorType, types.ClassMethodDescriptorType, types.GetSetDescriptorType)
    return any(
        type(value) in in_c and value.__objclass__ is cls
        for name, value in vars(cls).items()
        if name not in made_by_type
    )


def _layout(cls: type, remade: Container[type]) -> type | None:
    """The first base, from object on, whose instances have fields of their own right behind the object header.

    The slots of the class itself and of the bases in ``remade`` do not count: they are made anew.
    """
    found = None
    base = cls.__base__
    while base is not None and base is not object:
        if base not in remade and _adds_fields(base):
            found = base
        base = base.__base__
    return found


def _adds_fields(cls: type) -> bool:
    """Does the class add fields to its base's? Decided as CPython does (extra_ivars in typeobject.c).

    Room that a class statement made for a __dict__ and weak references is no field.
    """
    base = cls.__base__ or object
    size = cls.__basicsize__
    if not is_made_in_c(cls):
        for offset in ("__weakrefoffset__", "__dictoffset__"):
            if getattr(cls, offset) > 0 and not getattr(base, offset):
                size -= _POINTER
    return size != base.__basicsize__ or cls.__itemsize__ != base.__itemsize__
