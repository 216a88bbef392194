# SPDX-License-Identifier: MIT
"""``guarded_by``: single attributes that a lock guards, in any class."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from owned import _core, _requires

__all__ = ["guarded_by", "trust_init"]

_MISSING: Any = object()
_OFF, _GUARD = 0, 1


class _GuardedBy:
    """The data descriptor behind an attribute that a lock guards."""

    def __init__(self, lock: str, default: Any, slot: str | None) -> None:
        self.lock = lock
        self.default = default
        self.slot = slot
        self.name = ""
        self.owner = ""

    def __set_name__(self, owner: type, name: str) -> None:
        if self.name not in ("", name):
            raise TypeError(f"one guarded_by() for two attributes, {self.name} and {name}: make one for each")
        if name == self.lock:
            raise TypeError(f"{owner.__name__}.{name} cannot be guarded by itself")
        self.name = name
        self.owner = owner.__name__

    def __repr__(self) -> str:
        return f"<{self.owner}.{self.name} guarded by {self.lock}>"

    def __get__(self, obj: Any, kind: type | None = None) -> Any:
        if obj is None:
            if self.default is _MISSING:
                raise AttributeError(f"type object {self.owner!r} has no attribute {self.name!r}")
            return self.default
        self._verify(obj, "read")
        value = self._load(obj)
        if value is _MISSING:
            raise AttributeError(
                f"{type(obj).__name__!r} object has no attribute {self.name!r}", name=self.name, obj=obj
            )
        return value

    def __set__(self, obj: Any, value: Any) -> None:
        if isinstance(value, _GuardedBy):
            raise TypeError(
                f"{self.owner}.{self.name} was given its own guarded_by() as a value: what made {self.owner} takes it "
                f'for a default. Call the field _{self.name}, and write guarded_by("{self.lock}", slot="_{self.name}")'
            )
        if self._load(obj, own=True) is not _MISSING:
            self._verify(obj, "write")
        else:
            self._verify_lock(obj)
        self._store(obj, value)

    def __delete__(self, obj: Any) -> None:
        self._verify(obj, "delete")
        if self._load(obj, own=True) is _MISSING:
            raise AttributeError(
                f"{type(obj).__name__!r} object has no attribute {self.name!r}", name=self.name, obj=obj
            )
        if self.slot is not None:
            delattr(obj, self.slot)
        else:
            del self._fields(obj)[self.name]

    def _missing(self, obj: Any) -> AttributeError:
        return AttributeError(f"{type(obj).__name__!r} object has no attribute {self.name!r}", name=self.name, obj=obj)

    def _verify(self, obj: Any, access: str) -> None:
        mode = _core.get_mode()
        if mode == _OFF or (mode == _GUARD and access == "read"):
            return
        if _being_made and _being_made.get(id(obj)) == threading.get_ident():
            return
        lock = _requires.attribute(obj, self.lock)
        if lock is not None and not _requires.is_held(lock, to_read=access == "read"):
            _requires.refuse(
                f"{access} {_core.known_type(obj).__name__}.{self.name}",
                self.name,
                lock,
                f"Do it in a block `with self.{self.lock}: ...`.",
                obj,
            )

    def _verify_lock(self, obj: Any) -> None:
        """Before the first value: nobody else can know the object, but a lock that cannot tell is found at once."""
        try:
            lock = _requires.attribute(obj, self.lock)
        except AttributeError:
            return
        if lock is not None:
            _requires.is_held(lock)

    def _fields(self, obj: Any) -> dict[str, Any]:
        try:
            fields: dict[str, Any] = vars(obj)
        except TypeError:
            raise TypeError(
                f"{type(obj).__name__} has no __dict__ that {self.name} could be kept in: name one of its slots, "
                f'guarded_by("{self.lock}", slot="_{self.name}")'
            ) from None
        return fields

    def _load(self, obj: Any, *, own: bool = False) -> Any:
        default = _MISSING if own else self.default
        if self.slot is not None:
            return getattr(obj, self.slot, default)
        return self._fields(obj).get(self.name, default)

    def _store(self, obj: Any, value: Any) -> None:
        if self.slot is not None:
            setattr(obj, self.slot, value)
            return
        fields = self._fields(obj)
        if isinstance(obj, _core.Owned):  # a list, dict or set becomes a guarded one on its way through an attribute
            passage = f"{self.name} on its way"
            setattr(obj, passage, value)
            value = fields.pop(passage)
        fields[self.name] = value


_being_made: dict[int, int] = {}
"""id(obj) -> the thread that runs its __init__, for classes that trust_init() was called for."""


def trust_init(cls: type) -> None:
    """Let a class's ``__init__`` touch what is guarded without the lock, as often as it wants, on its own thread.

    Nobody else knows the object by then, and the code of others does not take its locks there.
    """
    init: Callable[..., None] = cls.__init__  # type: ignore[misc]

    @functools.wraps(init)
    def __init__(self: Any, /, *args: Any, **kwargs: Any) -> None:
        if id(self) in _being_made:
            init(self, *args, **kwargs)
            return
        _being_made[id(self)] = threading.get_ident()
        try:
            init(self, *args, **kwargs)
        finally:
            del _being_made[id(self)]

    type.__setattr__(cls, "__init__", __init__)


def guarded_by(lock: str, /, *, default: Any = _MISSING, slot: str | None = None) -> Any:
    """Declare that an attribute may be touched only while its reader or writer holds a lock of the same object.

    ``balance: int = guarded_by("_lock")`` in the body of any class, owned or not. Every read, write and deletion of
    the attribute is verified; the value is kept in the instance's ``__dict__``, under the same name. The first
    value may be given without the lock: as long as there is none the object is being made. So it is as long as the lock
    is None: a class attribute ``_lock = None``, until ``start()`` makes one.

    Args:
        lock: the name of the attribute that holds the lock: an owned lock, or one that can tell who holds it.
        default: what it reads as until it is written, and the default of the field in a dataclass.
        slot: the attribute that keeps the value instead, for classes without a ``__dict__`` and for attrs:
            ``__slots__ = ("_lock", "_balance")`` and ``guarded_by("_lock", slot="_balance")``.

    Returns:
        The declaration, for the class body.

    Raises:
        TypeError: `lock` is no name. By an access: the lock cannot tell who holds it (``threading.Lock``).
        AttributeError: by an access: the object has no such lock.
        LockNotHeldError: by an access without the lock.

    Threads:
        Any thread. Not covered: what the value refers to, and ``vars(x)``, which goes around. Mode ``guard`` verifies
        writes, ``off`` nothing.
    """
    if not isinstance(lock, str):
        raise TypeError(f"`lock` must be the name of an attribute, got {type(lock).__name__}")
    return _GuardedBy(lock, default, slot)
