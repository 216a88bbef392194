# SPDX-License-Identifier: MIT
"""Threads whose waits are directed: before one waits for a lock of ours, its director hears of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

if TYPE_CHECKING:
    from owned._core import Channel, Condition

Director: TypeAlias = Callable[[Any, bool], bool]

_directors: dict[int, Director] = {}


def direct_waits(director: Director | None) -> None:
    """Call ``director(lock, for_ever)`` on this thread before it waits for a lock of ours, or None: no longer.

    The director may wait itself; it returns True to have the thread look whether the lock is free, and False to let it
    wait for it. What it raises, the call that takes the lock raises.
    """
    from owned import _core

    if director is None:
        _core.tell_waits(False)
        _directors.pop(threading.get_ident(), None)
    else:
        _directors[threading.get_ident()] = director
        _core.tell_waits(True)


def about_to_wait(lock: Any, for_ever: bool) -> bool:
    """Called by the C core, on threads that asked for it."""
    director = _directors.get(threading.get_ident())
    return director is not None and director(lock, for_ever)


@attrs.frozen
class Notification:
    """What a thread in ``Condition.wait()`` waits for, as a director is told. Made by the C core."""

    condition: Condition
    number: int

    def locked(self) -> bool:
        """Does it still wait?"""
        return self.condition._is_waiting(self.number)


@attrs.frozen
class Turnover:
    """What a thread in ``get()``, ``put()`` or ``select()`` waits for, as a director is told. Made by the C core."""

    channels: tuple[Channel[Any], ...]
    puts: bool

    def locked(self) -> bool:
        """Would it wait again?"""
        if self.puts:
            return all(channel.full() and not channel.closed for channel in self.channels)
        return all(channel.empty() for channel in self.channels) and not all(
            channel.closed for channel in self.channels
        )
