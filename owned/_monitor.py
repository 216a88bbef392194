# SPDX-License-Identifier: MIT
"""``@owned(monitor=True)``: instances are born shared under a lock of their own, and their methods take it.

A monitor is made ready when its first instance is made, as ``repr`` and finalizers are: by then every decorator has
had its turn. What makes an instance shared is its ``__init__``: the outermost one, once it has returned.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any

from owned import _methods

__all__ = ["declare", "is_monitor", "prepare", "share_when_made"]

_MARK = "__owned_monitor__"  # in the class's own namespace, which a decorator that makes the class anew takes along

# They run before the object is shared or after it is, on a thread that may not look, or to find the very method.
_NOT_SYNCHRONIZED = frozenset({
    "__init__", "__new__", "__del__", "__post_init__", "__attrs_post_init__", "__attrs_pre_init__", "__attrs_init__",
    "__repr__", "__str__", "__format__",
    "__getattribute__", "__getattr__", "__setattr__", "__delattr__", "__dir__",
    "__init_subclass__", "__class_getitem__", "__subclasshook__", "__set_name__", "__getnewargs__", "__getnewargs_ex__",
})  # fmt: skip

_BOUND_KINDS = (
    types.FunctionType,
    functools.partialmethod,
    functools.singledispatchmethod,
    type(functools.lru_cache(len)),
)


def declare(cls: type) -> None:
    """The instances of this class and of its subclasses are monitors."""
    type.__setattr__(cls, _MARK, True)


def is_monitor(cls: type) -> bool:
    """Are the instances of the class monitors?"""
    return any(_MARK in vars(base) for base in cls.__mro__)


def prepare(cls: type) -> None:
    """Synchronize the public methods of a class and of its bases, and share instances once made. Idempotent."""
    for base in cls.__mro__:
        if is_monitor(base):
            for name, value in tuple(vars(base).items()):
                _put(base, name, value)
    for name, (base, value) in _inherited(cls).items():
        if not is_monitor(base):
            _put(cls, name, value)
    share_when_made(cls, is_monitor, _share)


def _inherited(cls: type) -> dict[str, tuple[type, Any]]:
    """What each name of a class means, and where it comes from, as far as class statements made it."""
    from owned import _refused

    found: dict[str, tuple[type, Any]] = {}
    for base in cls.__mro__:
        if not _refused.is_made_in_c(base) and base.__module__ not in ("typing", "abc"):
            for name, value in vars(base).items():
                found.setdefault(name, (base, value))
    return found


def _put(cls: type, name: str, value: Any) -> None:
    if not _is_public(name):
        return
    synchronized = _synchronized(value)
    if synchronized is not value:
        type.__setattr__(cls, name, synchronized)


def _is_public(name: str) -> bool:
    if name.startswith("__") and name.endswith("__"):
        return name not in _NOT_SYNCHRONIZED
    return not name.startswith("_")


def _synchronized(value: Any) -> Any:
    if isinstance(value, property):
        accessors = (value.fget, value.fset, value.fdel)
        get, put, delete = (None if accessor is None else _synchronized(accessor) for accessor in accessors)
        return value if (get, put, delete) == accessors else type(value)(get, put, delete, value.__doc__)
    if _methods.is_decorated(value) or not _is_method(value):
        return value
    return _methods.decorate(value, _methods.SYNCHRONIZED, None)


def _is_method(value: object) -> bool:
    wrapt: Any = sys.modules.get("wrapt")
    return isinstance(value, _BOUND_KINDS) or (wrapt is not None and type(value) is wrapt.FunctionWrapper)


def share_when_made(cls: type, is_declared: Callable[[type], bool], share: Callable[[Any], None]) -> None:
    """Let the ``__init__`` of a class, and of those of its bases that are declared, share the object. Idempotent."""
    for base in cls.__mro__:
        made = vars(base).get("__init__")
        if is_declared(base) and isinstance(made, types.FunctionType) and not _is_sharing(made):
            type.__setattr__(base, "__init__", _sharing(made, share))
    if not _is_sharing(cls.__init__):  # type: ignore[misc]
        type.__setattr__(cls, "__init__", _sharing(_next_init(cls), share))


def _is_sharing(init: Any) -> bool:
    return isinstance(init, types.FunctionType) and vars(init).get("_owned_shares") is init.__code__


def _sharing(init: Callable[..., None], share: Callable[[Any], None]) -> Any:
    """An ``__init__`` that shares the object, unless it was called by another one of its class."""

    @functools.wraps(init)
    def __init__(self: Any, /, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        if type(self).__init__ is __init__:
            share(self)

    __init__._owned_shares = __init__.__code__  # type: ignore[attr-defined]  # functions take any
    return __init__


def _next_init(cls: type) -> Callable[..., None]:
    plain: Any = object
    inherited: Any = cls.__init__  # type: ignore[misc]
    takes_anything = inherited is plain.__init__ and cls.__new__ is not plain.__new__

    def __init__(self: Any, /, *args: Any, **kwargs: Any) -> None:
        if takes_anything:
            return
        init: Any = super(cls, self).__init__  # type: ignore[arg-type]
        init(*args, **kwargs)

    return __init__ if inherited is plain.__init__ else functools.wraps(inherited)(__init__)


def _share(self: Any) -> None:
    from owned import _core

    facts = _core.region_facts(self)
    if facts is None or facts[0] == "private":  # its own code may have shared, frozen or moved it
        _core.share(self)
