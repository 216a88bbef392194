# SPDX-License-Identifier: MIT
"""What ``@synchronized``, ``@reads`` and ``@requires`` have in common: the decorated function, of whatever kind.

A plain function becomes a ``GuardedMethod`` of the core, which costs one compare where no lock is needed. Everything
else that can be called or bound (class methods, partial methods, other decorators' objects) gets a wrapt
``FunctionWrapper``. Coroutines, generators and asynchronous generators too: their code runs in steps, between one
suspension and the next, and each step is guarded by itself.
"""

from __future__ import annotations

import inspect
import sys
import types
from typing import Any, Protocol

__all__ = ["READS", "REQUIRES", "SYNCHRONIZED", "LockLike", "decorate", "is_lock", "takes_own_lock"]

SYNCHRONIZED, READS, REQUIRES = range(3)  # as csrc/method.c counts them
_NAMES = ("synchronized", "reads", "requires")


class LockLike(Protocol):
    """What can be taken and given back."""

    def acquire(self) -> Any:
        """Take it."""

    def release(self) -> Any:
        """Give it back."""


def is_lock(value: object) -> bool:
    """Is it a lock, rather than something to decorate?"""
    return callable(getattr(value, "acquire", None)) and callable(getattr(value, "release", None))


def decorate(function: Any, kind: int, lock: Any) -> Any:
    """The function behind its check.

    Args:
        function: a function, or anything else that can be called or bound.
        kind: SYNCHRONIZED, READS or REQUIRES.
        lock: a lock, the name of an attribute of `self`, or None: the lock of `self` itself.

    Raises:
        TypeError: `function` cannot be called or bound, or has no `self` to take a lock from.
    """
    from owned import _core

    how = _NAMES[kind]
    if isinstance(function, type) or not (callable(function) or hasattr(type(function), "__get__")):
        what = f"the class {function.__name__}" if isinstance(function, type) else type(function).__name__
        raise TypeError(f"@{how} decorates functions and methods, got {what}")
    if isinstance(function, property):
        raise TypeError(f"@{how} goes below @property, on the function itself")
    no_self = isinstance(function, (staticmethod, classmethod))
    if no_self and (lock is None or isinstance(lock, str)):
        raise TypeError(
            f"@{how} on a {type(function).__name__} has no object whose lock it could use: give it a lock, @{how}(lock)"
        )
    in_steps = runs_in_steps(function)
    if type(function) is types.FunctionType and not in_steps:
        return _core.GuardedMethod(function, kind, lock)
    from owned import _wrapped

    return _wrapped.WrappedMethod(function, kind, lock, in_steps=in_steps)


def runs_in_steps(function: Any) -> bool:
    """Is it a coroutine function, a generator function, or both?"""
    known = getattr(function, "__func__", getattr(function, "func", function))
    flags = getattr(getattr(known, "__code__", None), "co_flags", 0)
    return bool(flags & (inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR))


def is_decorated(value: object) -> bool:
    """Is it what decorate() returned?"""
    from owned import _core

    wrapped = getattr(sys.modules.get("owned._wrapped"), "WrappedMethod", None)
    return type(value) is _core.GuardedMethod or (wrapped is not None and type(value) is wrapped)


def takes_own_lock(value: object) -> bool:
    """Is it a method that takes the lock of its `self`, or a property of such?"""
    if isinstance(value, property):
        return any(map(takes_own_lock, (value.fget, value.fset, value.fdel)))
    return (
        is_decorated(value)
        and value._owned_kind != REQUIRES  # type: ignore[attr-defined]
        and value._owned_lock is None  # type: ignore[attr-defined]
    )
