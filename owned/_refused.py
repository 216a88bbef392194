# SPDX-License-Identifier: MIT
"""Classes that ``@owned`` refuses, each with the way out."""

from __future__ import annotations

import asyncio
import concurrent.futures
import enum
import queue
import sys
import threading
from typing import Any

_TWO_THREADS = (
    "lives on several threads by nature, so it can be private to none: keep its data in an @owned object of its own, and "
    "share that"
)
_CONSTANT = "its members are constants, made once for every thread: there is nothing to guard"


def _living_on_two_threads() -> tuple[type, ...]:
    kinds: list[Any] = [
        threading.Thread,
        threading.Condition,
        threading.Event,
        threading.Semaphore,
        threading.Barrier,
        threading.local,
        type(threading.Lock()),
        type(threading.RLock()),
        queue.Queue,
        queue.SimpleQueue,
        concurrent.futures.Executor,
        concurrent.futures.Future,
        asyncio.AbstractEventLoop,
        asyncio.Queue,
    ]
    for module, name in (("multiprocessing.process", "BaseProcess"), ("multiprocessing.queues", "Queue")):
        if module in sys.modules:
            kinds.append(getattr(sys.modules[module], name))
    return tuple(kinds)


def refuse(cls: type) -> None:
    """Raise TypeError for a class whose instances cannot be guarded by a base class.

    Raises:
        TypeError: with the reason and the way out.
    """
    from owned import _core

    name = cls.__name__
    if issubclass(cls, enum.Enum):
        raise TypeError(f"@owned cannot guard the enum {name}: {_CONSTANT}")
    if issubclass(cls, (*_living_on_two_threads(), _core.Lock, _core.RLock, _core.Region)):
        raise TypeError(f"@owned cannot guard {name}: it {_TWO_THREADS}")
    if getattr(cls, "_is_protocol", False):
        raise TypeError(f"@owned cannot guard the protocol {name}: guard the classes that implement it")
    if issubclass(cls, type):
        raise TypeError(f"@owned cannot guard the metaclass {name}: classes are shared by every thread")
    if issubclass(cls, (_core.List, _core.Dict, _core.Set)):
        raise TypeError(f"{name} is guarded already: a subclass of List, Dict or Set needs no @owned")
    layout = _layout(cls)
    if layout not in (object, _core.Owned):
        raise TypeError(
            f"@owned cannot guard {name}: its instances have the layout of {layout.__name__}, which has no room for the owner. "
            + (
                f"Decorate {layout.__name__} with @owned instead: its subclasses are guarded too"
                if layout.__flags__ & (1 << 9)
                else "Wrap its instances with own(obj)"
            )
        )


def _layout(cls: type) -> type:
    """The base whose instances have fields of their own right behind the object header."""
    from owned import _core

    if issubclass(cls, _core.Owned):
        return _core.Owned
    for base in cls.__mro__:
        if base is cls and base.__flags__ & (1 << 9):
            continue  # its own slots are made anew
        if not base.__flags__ & (1 << 9) and base is not object:
            return base
        if base.__flags__ & (1 << 9) and base.__itemsize__:
            return base
        if any(_is_slot(value) for value in vars(base).values()):
            return base
    return object


def _is_slot(value: object) -> bool:
    import types

    return type(value) is types.MemberDescriptorType
