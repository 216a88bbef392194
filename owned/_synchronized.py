# SPDX-License-Identifier: MIT
"""``@synchronized`` and ``@reads``: methods that take the lock of their object themselves."""

from __future__ import annotations

import dis
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, overload

from owned import _methods

__all__ = ["needs_lock", "reads", "synchronized"]

_F = TypeVar("_F")

_SWAP = object()


@overload
def synchronized(lock: _methods.LockLike | str, /) -> Callable[[_F], _F]: ...
@overload
def synchronized(function: _F, /) -> _F: ...
def synchronized(lock: Any, /) -> Any:
    """Take a lock for each call of a function.

    ``@synchronized`` on a method takes the lock of the object, whichever it is, where the object is shared, and
    nothing where it is private to this thread or frozen. What guards the object is looked at by each call, so a method
    that was fetched before ``share(obj)`` takes the lock after it. ``@synchronized(lock)`` on any function takes that
    lock, ``@synchronized("_lock")`` on a method the one in that attribute of `self`. A lock of owned's that this
    thread holds already is not taken again, so methods under a ``Lock`` may call one another; locks of other kinds
    must be reentrant for that.

    A coroutine, a generator or an asynchronous generator holds the lock while its code runs, and never while it is
    suspended: across an ``await`` or a ``yield`` other threads may change the object.

    Args:
        lock: the lock, or the name of the attribute that holds it. Without parentheses: the function itself.

    Returns:
        A decorator; without parentheses, the decorated function, with the same signature.

    Raises:
        TypeError: what is decorated is no function, or a class or static method without a lock: there is no object
            whose lock could be taken. By the call: `self` is not guarded.
        WrongThreadError, MovedError, OrphanedError: by the call, where no lock would let this thread touch the object.
        OrphanedError: by the call: the thread that holds the lock has ended.

    Threads:
        Any thread may call the function. A lock is taken in every mode. Not covered: what the function returns, if that
        is part of the object; it is verified when it is touched.
    """
    if isinstance(lock, str) or _methods.is_lock(lock):
        return lambda function: _methods.decorate(function, _methods.SYNCHRONIZED, lock)
    return _methods.decorate(lock, _methods.SYNCHRONIZED, None)


def reads(method: _F, /) -> _F:
    """Declare that a method only reads its object, and take no more of a lock than that needs.

    A frozen object, or one private to this thread, is read at once. For a shared one the call holds the read side of
    an ``RWLock``, and any other lock whole, as ``@synchronized`` does. Called through a wrapper made by ``own()``, it
    counts as an access that reads: the caller holds the lock, and the method gets the object itself.

    Args:
        method: the method.

    Returns:
        The decorated method, with the same signature.

    Raises:
        TypeError: the method assigns to an attribute of `self`, or is no method with a `self`. By the call: `self` is
            not guarded.
        WrongThreadError, MovedError, OrphanedError: by the call, as with ``synchronized``.

    Threads:
        Any thread may call the method. Assignments and deletions of ``self.name`` are found in the method's own
        code when it is decorated. What it changes by other ways is refused where the object is frozen, and under a
        lock's read side by the check of each access; on an object that is private, or locked wholly, it is not found.
    """
    function = getattr(method, "__func__", method)
    if isinstance(function, FunctionType):
        written = _written_attribute(function)
        if written is not None:
            raise TypeError(
                f"@reads: {function.__qualname__}() writes self.{written}, so it does more than read: use @synchronized"
            )
    return _methods.decorate(method, _methods.READS, None)  # type: ignore[no-any-return]


def needs_lock(cls: type) -> bool:
    """Has a class methods that take the lock of their object? Then it has to be guarded in every mode, ``off`` too."""
    return any(_methods.takes_own_lock(value) for base in cls.__mro__ for value in vars(base).values())


def _written_attribute(function: FunctionType) -> str | None:
    """The first attribute of its first argument that a function's own code assigns or deletes."""
    code = function.__code__
    if not code.co_argcount:
        return None
    first = code.co_varnames[0]
    loaded: Any = None  # the variable that the step before put on the stack
    copied = False  # the first argument, once more, as `self.x += 1` begins
    updated: set[str] = set()
    for step in dis.get_instructions(code):
        if step.opname in ("CACHE", "EXTENDED_ARG"):
            continue
        if step.opname == "LOAD_ATTR" and copied:
            updated.add(step.argval)
        if step.opname in ("STORE_ATTR", "DELETE_ATTR") and (
            loaded == first or (loaded is _SWAP and step.argval in updated)
        ):
            return str(step.argval)
        copied = step.opname == "COPY" and loaded == first
        if step.opname.startswith(("LOAD_FAST", "LOAD_DEREF", "STORE_FAST_LOAD_FAST")):
            loaded = step.argval[-1] if isinstance(step.argval, tuple) else step.argval
        else:
            loaded = _SWAP if step.opname == "SWAP" else None
    return None
