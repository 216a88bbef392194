# SPDX-License-Identifier: MIT
"""Looking at an object's owner without touching the object."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

from owned import _async_tasks, _core, _life, _off, _violations

if TYPE_CHECKING:
    from owned._core import ThreadInfo
    from owned._records import Record
    from owned._violations import Facts


_LOCKS = (_core.Lock, _core.RLock, _core.RWLock)


class State(enum.StrEnum):
    """Who may touch an object now."""

    PRIVATE = "private"
    SHARED = "shared"
    FROZEN = "frozen"
    IN_TRANSIT = "in transit"
    ORPHANED = "orphaned"
    UNGUARDED = "unguarded"


def _facts(obj: object) -> Facts | None:
    """What the core knows of an object; None where nobody guards it. Off, only locks and what is frozen count."""
    facts = _core.region_facts(obj)
    if facts is None or _core.get_mode() != 0 or facts[0] == State.FROZEN or isinstance(obj, _LOCKS):
        return facts
    return None


def state(obj: object, /) -> State:
    """The state that an object is in.

    Args:
        obj: any object, a ``Region`` or a lock.

    Returns:
        The state; ``State.UNGUARDED`` for what nobody guards. A ``State`` is a ``str``.

    Threads:
        Any thread, any object: looks without touching. The answer may be old by the time it is used.
    """
    facts = _facts(obj)
    if facts is None:
        return State.FROZEN if _core.is_frozen(obj) else State.UNGUARDED
    return State(facts[0])


def owner(obj: object, /) -> ThreadInfo | None:
    """The thread that may touch an object now.

    Args:
        obj: any object, a ``Region`` or a lock.

    Returns:
        The ``ThreadInfo`` (``id``, ``name``, ``finished``) of the thread whose it is, or was if that has ended; of the
        thread that holds its lock, if it is shared; of the thread whose task called ``task_private``
        (``owned.aio.task_of`` tells the task); None where that is nobody.

    Threads:
        Any thread, any object: looks without touching. The answer may be old by the time it is used.
    """
    facts = _facts(obj)
    if facts is None:
        return None
    state, owner, holder, _lock, _record = facts
    return owner if state in (State.PRIVATE, State.ORPHANED) else holder


def lock_of(obj: object, /) -> Any:
    """The lock that guards a shared object.

    Args:
        obj: any object or a ``Region``.

    Returns:
        The lock that was given to ``share``, or that it made; None for an object that is not shared.

    Threads:
        Any thread, any object: looks without touching.
    """
    facts = _core.region_facts(obj)  # off, too: the instances of a class with synchronized methods have one
    if facts is None or facts[3] is None:
        return _off.lock_of(obj)
    return None if _violations.task_of(facts) is not None else facts[3]


def explain(obj: object, /) -> str:
    """A sentence or two on who may touch an object now, how that came about, and what another thread can do.

    In strict mode its life follows, as far as it is known: where it was made, shared, moved, claimed, adopted and
    frozen, one line per step.

    Args:
        obj: any object.

    Returns:
        Text for people.

    Threads:
        Any thread, any object: looks without touching, and runs no code of the object.
    """
    life = _life.known_life(obj)
    text = _present(obj, life)
    return f"{text} Its life:{_life.story(obj, life)}" if life else text


def _present(obj: object, life: tuple[Record, ...]) -> str:
    name = _core.known_type(obj).__name__
    label = f"{name} at {id(obj):#x}"
    facts = _facts(obj)
    if facts is None:
        if _core.is_frozen(obj):
            record = _core.freeze_record(obj)
            return f"{label} is immutable: every thread may read it." + ("" if record is None else f" {record}.")
        return f"{label} is guarded by nobody: owned checks nothing. Guard it with own(obj), or its class with @owned."
    task = _violations.task_of(facts)
    mine = facts[1] is not None and facts[0] == State.PRIVATE and facts[1].id == _core.thread_id()
    if task is not None:
        mine = mine and task.task is not None and task.task is _async_tasks.running()
    state, owner, holder, lock, record = facts
    text = f"{label}: {_violations.whose((state, owner, holder, lock, _life.record_of(state, life, record)))}."
    if mine:
        return f"{text} That is this {'thread' if task is None else 'task'}."
    return f"{text} {_violations.advice_on(facts)}"
