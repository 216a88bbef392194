# SPDX-License-Identifier: MIT
"""``@requires``: a function that its callers must hold a lock for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from owned import _violations, errors
from owned._foreign_locks import probe
from owned._records import calling_site

if TYPE_CHECKING:
    from owned._core import RWLock, ThreadInfo
    from owned._methods import LockLike

__all__ = ["requires"]

_F = TypeVar("_F")

_OFF = 0


@overload
def requires(lock: LockLike | str, /) -> Callable[[_F], _F]: ...
@overload
def requires(function: _F, /) -> _F: ...
def requires(lock: Any, /) -> Any:
    """Declare that a function may be called only while its caller holds a lock; each call is verified.

    For the helpers of a class that are called with the lock held already. ``@requires`` on a method asks for the
    lock of the object: `self` must be private to this thread, frozen, or shared and locked by it.
    ``@requires(lock)`` asks for that lock, ``@requires("_lock")`` for the lock in that attribute of `self`. A
    coroutine or a generator is verified each time that its code goes on.

    Args:
        lock: the lock, or the name of the attribute that holds it. Without parentheses: the function itself.

    Returns:
        A decorator; without parentheses, the decorated function.

    Raises:
        TypeError: `lock` cannot tell who holds it (``threading.Lock``), or what is decorated cannot be called. A lock
            in an attribute is looked at by the call.
        LockNotHeldError: by the call, where the caller does not hold the lock. It names function, lock and holder.
        WrongThreadError, MovedError, OrphanedError: by the call, for the object's own lock, where no lock would help.

    Threads:
        Any thread may call the function; it takes no lock. Mode ``off`` verifies nothing.
    """
    from owned import _methods

    if not isinstance(lock, str) and not _methods.is_lock(lock):
        return _methods.decorate(lock, _methods.REQUIRES, None)
    if not isinstance(lock, str):
        is_held(lock)  # a lock that cannot tell is refused now
    return lambda function: _methods.decorate(function, _methods.REQUIRES, lock)


def is_held(lock: Any, *, to_read: bool = False) -> bool:
    """Does the calling thread hold the lock; `to_read`: so that it may read, if the lock makes a difference?

    Raises:
        TypeError: the lock cannot tell.
    """
    from owned import _core

    if to_read and isinstance(lock, _core.RWLock):
        lock = lock.read
    ours = (_core.Lock, _core.RLock, _core.RWLock, _core.ReadSide, _core.WriteSide, _core.CompoundLock)
    if isinstance(lock, ours):
        return lock._is_owned()  # type: ignore[union-attr, no-any-return]
    return bool(probe(lock)())


def attribute(obj: object, name: str) -> Any:
    """The lock in an attribute: it may be looked for before it is held."""
    from owned import _core

    with _core.unchecked():
        return getattr(obj, name)


def verify_held(function: Callable[..., Any], lock: Any, first: Any) -> None:
    """Raise unless the calling thread holds what a function requires. Called by the C core.

    Args:
        function: what is about to be called.
        lock: a lock, the name of an attribute of `first`, or None: the lock of `first` itself.
        first: its first argument, or None.
    """
    from owned import _core

    if _core.get_mode() == _OFF:
        return
    name = getattr(function, "__qualname__", type(function).__name__)
    if lock is None:
        _verify_own(name, first)
        return
    advice = "Call it in a block `with lock: ...`."
    if isinstance(lock, str):
        if first is None:
            raise TypeError(f"{name}() requires the lock in `self.{lock}`, and was called without `self`")
        advice = f"Call it in a block `with self.{lock}: ...`."
        lock = attribute(first, lock)
    if not is_held(lock):
        refuse(f"call {name}()", name, lock, advice, first)


def refuse(touch: str, name: str, lock: Any, advice: str, obj: object) -> None:
    """Report that a lock is not held: raise, unless the policy lets it pass."""
    from owned import _core

    rwlock = _core.rwlock_of_side(lock) or (lock if isinstance(lock, _core.RWLock) else None)
    facts = _core.region_facts(lock if rwlock is None else rwlock)
    holder = None if facts is None else facts[2]
    text = _violations.lock_name(lock)
    toucher = threading.current_thread().name
    if rwlock is not None:
        reads = rwlock.read._is_owned()  # type: ignore[attr-defined]
        but = "this thread holds the read side only" if reads else _told(rwlock, holder)
    elif holder is not None:
        but = f"thread {holder.name!r} holds it"
    else:
        but = "nobody holds it" if facts is not None else "this thread does not hold it"
    error = _violations.react(
        errors.LockNotHeldError(
            f"thread {toucher!r} tried to {touch}, which requires {text}, but {but}. {advice}",
            type_name=None if obj is None else _core.known_type(obj).__name__,
            address=None if obj is None else id(obj),
            access=touch.partition(" ")[0],
            name=name,
            touch=touch,
            state="shared",
            owner=None if holder is None else holder.name,
            owner_id=None if holder is None else holder.id,
            toucher=toucher,
            toucher_id=_core.thread_id(),
            lock=text,
            site=calling_site(),
            advice=advice,
        )
    )
    if error is not None:
        raise error


def _told(rwlock: RWLock, holder: ThreadInfo | None) -> str:
    from owned import _core

    return _violations.told_holders(holder, _core.rwlock_readers(rwlock))


def _verify_own(name: str, first: Any) -> None:
    from owned import _core

    facts = _core.region_facts(first)
    if facts is None:
        if first is not None and _core.is_frozen(first):
            return
        what = "without arguments" if first is None else f"with {type(first).__name__}, which nobody guards"
        raise TypeError(
            f"{name}() requires the lock of its first argument, and was called {what}: decorate the class with @owned, "
            'or name the lock, @requires("_lock")'
        )
    if _core.may_look(first):  # frozen, in an unchecked() block, under a lock of somebody else's kind
        return
    error = _violations.make_violation(
        first, _core.known_type(first), facts, "call", "method", name.rpartition(".")[2], True, True
    )
    if error is not None:
        raise error
