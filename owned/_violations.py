# SPDX-License-Identifier: MIT
"""From the facts of a refused access to an exception with a message, and to whoever observes.

Nothing here runs code of the object that was touched, or looks into it: its type's name and its address say enough.
"""

from __future__ import annotations

import os
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from owned import _async_tasks, _life, _policy, _recorded, errors
from owned._records import STRICT, Record, Violation, caller_of, calling_frame, calling_site
from owned._threads import stack_now
from owned._waits import Notification, Turnover
from owned._words import with_article

if TYPE_CHECKING:
    from owned._core import TaskInfo, ThreadInfo

Facts: TypeAlias = "tuple[str, ThreadInfo | None, ThreadInfo | None, Any, Record | None]"
Observer: TypeAlias = Callable[[errors.OwnershipError], object]

_observers: tuple[Observer, ...] = ()
_observers_lock = threading.RLock()  # the collector may run a finalizer that comes here again
if hasattr(os, "register_at_fork"):  # the child must not find it held by a thread it does not have
    os.register_at_fork(
        before=_observers_lock.acquire, after_in_parent=_observers_lock.release, after_in_child=_observers_lock.release
    )

_KINDS: dict[str, type[errors.OwnershipError]] = {
    "private": errors.WrongThreadError,
    "shared": errors.LockNotHeldError,
    "frozen": errors.FrozenError,
    "in transit": errors.MovedError,
    "orphaned": errors.OrphanedError,
}

ADVICE = {
    "private": (
        "Share it with share(obj, lock=...), hand it over with move(obj), or freeze(obj) it if it does not change any "
        "more."
    ),
    "shared": "Take its lock around the access: `with locked(obj): ...`.",
    "frozen": "Change a private copy: thaw(obj).",
    "in transit": "Use it on the thread that claims the parcel, after parcel.claim().",
    "orphaned": "Take it over with adopt(obj), or all that its thread left with adopt(thread).",
}

_AWAY = "What arrived there is another object; to keep one here, move() a copy: copy.deepcopy(obj)."
TASK_ADVICE = {
    "private": (
        "Use it in that task alone. move(obj) hands it over: another task claims the parcel, and calls "
        "task_private(obj) to have it alone."
    ),
    "orphaned": (
        "Take it over with adopt(obj): it is private to this thread then, and to one task again after "
        "task_private(obj)."
    ),
}

_PLAIN_KEYS = (str, int, float, bool, bytes, type(None))


@contextmanager
def observe(observer: Observer) -> Iterator[None]:
    """Pass every violation to ``observer`` as soon as it is made, on the thread that made it, swallowed later or not.

    Args:
        observer: called with the exception, before it is raised. What it raises itself is dropped.
    """
    global _observers
    with _observers_lock:
        _observers = (*_observers, observer)
    try:
        yield
    finally:
        with _observers_lock:
            kept = list(_observers)
            kept.remove(observer)
            _observers = tuple(kept)


def make_violation(
    obj: object, known_type: type, facts: Facts, verb: str, form: str, name: object, writes: bool, may_pass: bool
) -> BaseException | None:
    """The exception for what the core refused, or None to let it pass. Called by the C core.

    Args:
        obj: what was touched. Nothing looks into it.
        known_type: the type that users know it by.
        facts: its state, owner, holder, lock and record.
        verb: how it was touched.
        form: what `name` is: ``"attribute"``, ``"item"``, ``"method"``, ``"operation"``.
        name: what was touched of it.
        writes: whether it may have been changed.
        may_pass: whether the policy is asked; if not, there is always an exception.
    """
    from owned import _core

    if may_pass and _policy.is_count() and not _observers:
        _core.count_violation()
        return None
    state, owner, holder, lock, record = facts
    if state == "frozen" and not writes:  # since it was refused
        return None
    toucher_id = _core.thread_id()
    toucher = threading.current_thread().name
    task = task_of(facts)
    if state == "shared":
        owner = holder
    life = _life.known_life(obj)
    record = _life.record_of(state, life, record)
    type_name = known_type.__name__
    labelled = label(form, name)
    touch = _touch(type_name, verb, form, labelled)
    may_only_read = form == "method" and _is_own_method(known_type, labelled or "")
    advice = advice_on((state, owner, holder, lock, record), writes=writes, may_only_read=may_only_read)
    if state == "private" and task is None:
        advice = _where_known(obj) + advice
    whose_it_is = _whose(state, owner, lock, record) + _life.birth(obj, life, owner)
    who = f"thread {toucher!r}"
    if task is not None:
        who = _async_tasks.toucher_words(toucher, None if owner is None else owner.name)
    message = f"{who} tried to {touch}, but {whose_it_is}. {advice}"
    error = kind_of(facts)(
        message,
        type_name=type_name,
        address=id(obj),
        access=verb,
        name=labelled,
        touch=touch,
        state=state,
        owner=None if owner is None else owner.name,
        owner_id=None if owner is None else owner.id,
        toucher=toucher,
        toucher_id=toucher_id,
        lock=None if lock is None or task is not None else lock_name(lock),
        record=record,
        site=calling_site(),
        advice=advice,
        life=life,
        owner_stack=() if task is not None else stack_now(owner),
    )
    if task is not None:
        runs = _async_tasks.running()
        error.owner_task, error.toucher_task = task.name, None if runs is None else _async_tasks.name_of(runs)
    if may_pass:
        return react(error)
    report(error)
    return error


def make_refusal(
    kind: type[errors.OwnershipError], verb: str, obj: object, known_type: type, message: str
) -> errors.OwnershipError:
    """The exception for a call of a verb that the core cannot grant. Called by the C core."""
    from owned import _core

    error = kind(
        message,
        type_name=known_type.__name__,
        address=id(obj),
        access=verb,
        touch=_touch(known_type.__name__, verb, "operation", None),
        toucher=threading.current_thread().name,
        toucher_id=_core.thread_id(),
        site=calling_site(),
        life=_life.known_life(obj),
    )
    report(error)
    return error


def react(error: errors.OwnershipError) -> BaseException | None:
    """Count a violation, tell the observers of it, and do with it what the policy says.

    Args:
        error: a violation that can be let pass.

    Returns:
        The exception to raise, which is `error` or what the policy's own code raised; None to let it pass.

    Threads:
        Any; called on the thread of the violation.
    """
    report(error)
    return _policy.apply(error)


def report(error: errors.OwnershipError) -> None:
    """Count a violation, keep it in strict mode, and tell the observers of it."""
    from owned import _core

    _core.count_violation()
    violation = error.violation = Violation.of(error)
    if _core.get_mode() == STRICT:
        _recorded.record(violation)
    for observer in _observers:
        try:
            observer(error)
        except Exception:
            continue


def describe_stub(known_type: type, address: int, facts: Facts) -> str:
    """The repr of an object for a thread that may not look at it. Called by the C core."""
    state, owner, _holder, lock, _record = facts
    task = task_of(facts)
    if task is not None:
        words = _async_tasks.words(task)
        whose = f"owned by {words}" if state == "private" else f"left by {words}, which has ended"
    elif state == "private" and owner is not None:
        whose = f"owned by thread {owner.name!r}"
    elif state == "shared":
        whose = f"guarded by {lock_name(lock)}"
    elif state == "orphaned" and owner is not None:
        whose = f"left by thread {owner.name!r}, which has ended"
    else:
        whose = state
    return f"<{known_type.__name__} at {address & (2**64 - 1):#x}, {whose}>"


def lock_name(lock: object) -> str:
    """A lock's type and address: its own repr may be anybody's code."""
    from owned import _core

    rwlock = _core.rwlock_of_side(lock)
    if rwlock is not None:
        return f"the {'read' if isinstance(lock, _core.ReadSide) else 'write'} side of {lock_name(rwlock)}"
    if isinstance(lock, Notification):
        return f"{lock_name(lock.condition)} to be notified"
    if isinstance(lock, Turnover):
        return f"{'room in' if lock.puts else 'something in'} {' or '.join(map(lock_name, lock.channels))}"
    return f"<{type(lock).__name__} at {id(lock):#x}>"


def task_of(facts: Facts) -> TaskInfo | None:
    """The task that an object is private to, or was when it ended."""
    from owned import _core

    return facts[3] if isinstance(facts[3], _core.TaskInfo) else None


def kind_of(facts: Facts) -> type[errors.OwnershipError]:
    """The exception for touching an object of which the core knows this."""
    if facts[0] == "private" and task_of(facts) is not None:
        return errors.WrongTaskError
    return _KINDS[facts[0]]


def advice_on(facts: Facts, *, writes: bool = True, may_only_read: bool = False) -> str:
    """The way out for whoever may not touch an object of which the core knows this.

    Args:
        facts: what the core knows.
        writes: what was refused may write.
        may_only_read: it was a call of a method of the class's own.
    """
    state, _owner, _holder, lock, record = facts
    if state == "shared":
        return _advice(lock, writes, may_only_read)
    if state == "in transit" and _went_away(record):
        return _AWAY
    if state == "in transit" and record is not None and record.channel:
        return "It belongs to the thread that gets it from there; to keep using it, put a copy, or freeze or share it."
    if state == "in transit" and record is not None and record.verb == "return":
        return "It belongs to the first thread that takes the result: future.result()."
    return (ADVICE if task_of(facts) is None else TASK_ADVICE)[state]


def whose(facts: Facts) -> str:
    """A clause that tells what state an object is in and through whom."""
    state, owner, holder, lock, record = facts
    return _whose(state, holder if state == "shared" else owner, lock, record)


def _went_away(record: Record | None) -> bool:
    return record is not None and record.verb in ("pickle", "start")


def label(form: str, name: object) -> str | None:
    if name is None and form != "item":
        return None
    if form != "item":
        return str.__str__(name) if isinstance(name, str) else f"<{type(name).__name__}>"
    return repr(name) if type(name) in _PLAIN_KEYS else f"<{type(name).__name__}>"


def _touch(type_name: str, verb: str, form: str, label: str | None) -> str:
    if label is None:
        return f"{verb} {with_article(type_name)}"
    if form == "attribute":
        return f"{verb} {type_name}.{label}"
    if form == "item":
        return f"{verb} {type_name}[{label}]"
    if form == "method":
        return f"{verb} {type_name}.{label}()"
    return f"{verb} {label} on {with_article(type_name)}"


def _whose(state: str, owner: ThreadInfo | None, lock: object, record: Record | None) -> str:
    name = "an unknown thread" if owner is None else f"thread {owner.name!r}"
    done = "" if record is None else f" ({record})"
    if state == "shared" and (readers := _readers(lock)):
        return f"it is shared under {lock_name(lock)}, {_who_reads(readers)}{done}"
    task = task_of((state, owner, None, lock, record))
    if task is not None:
        words = _async_tasks.words(task)
        return f"it is private to {words}{done}" if state == "private" else f"{words}, whose it was, has ended{done}"
    if state == "private":
        return f"it is private to {name}{done}"
    if state == "shared":
        held = "which nobody holds" if owner is None else f"which {name} holds"
        if owner is not None and owner.finished:
            held = f"which {name} held when it ended"
        return f"it is shared under {lock_name(lock)}, {held}{done}"
    if state == "frozen":
        return f"it is frozen for ever{done}"
    if state == "in transit" and _went_away(record):
        return f"it went to another process{done}"
    if state == "in transit" and record is not None and record.channel:
        site = f" ({record})" if record.file else ""
        return f"it was put into {record.channel} and nobody has got it yet{site}"
    if state == "in transit" and record is not None and record.verb == "return":
        return f"a task made it whose result nobody has taken yet{done}"
    if state == "in transit":
        return f"it was moved and nobody has claimed it yet{done}"
    return f"{name}, whose it was, {'has ended' if owner is None else has_ended(owner)}"


def has_ended(thread: ThreadInfo) -> str:
    """What became of a thread that has ended."""
    return "has ended" if thread.ended_by is None else f"was ended by {thread.ended_by}"


def _readers(lock: object) -> list[ThreadInfo]:
    """The threads that hold the read side of a lock, if it has one: the calling thread first."""
    from owned import _core

    if not isinstance(lock, _core.RWLock):
        return []
    me = _core.thread_id()
    readers = _core.rwlock_readers(lock)
    mine = [reader for reader in readers if reader.id == me]
    return mine + [reader for reader in readers if reader.id != me]


def _who_reads(readers: list[ThreadInfo]) -> str:
    from owned import _core

    first, others = readers[0], len(readers) - 1
    also = "" if not others else f" with {others} other thread{'s' * (others > 1)}"
    if first.id == _core.thread_id():
        return f"whose read side this thread holds{also}"
    return f"whose read side thread {first.name!r} {'held when it ended' if first.finished else 'holds'}{also}"


def _advice(lock: object, writes: bool, may_only_read: bool) -> str:
    from owned import _core

    if not isinstance(lock, _core.RWLock):
        return ADVICE["shared"]
    if lock.read._is_owned():  # type: ignore[attr-defined]
        advice = "What may write needs the write side: give the read side back, then `with locked(obj): ...`."
        return advice + (" A method that only reads says so with @reads." if may_only_read else "")
    if writes:
        return "Take the write side of its lock around the access: `with locked(obj): ...`."
    return "Take the read side of its lock around the access, `with locked(obj, read=True): ...`, or the write side."


def _is_own_method(known_type: type, name: str) -> bool:
    """Is it a method that its class could mark, rather than one of a type written in C?"""
    found = [vars(base)[name] for base in known_type.__mro__ if name in vars(base)]
    return bool(found) and isinstance(found[0], types.FunctionType)


def told_holders(writer: ThreadInfo | None, readers: list[ThreadInfo]) -> str:
    """Who holds an RWLock, as a clause: "thread 'a', with 2 others, holds the read side"."""
    if writer is not None:
        return f"thread {writer.name!r} holds the write side"
    if not readers:
        return "nobody holds it"
    others = "" if len(readers) == 1 else f", with {len(readers) - 1} other{'s' * (len(readers) > 2)},"
    return f"thread {readers[0].name!r}{others} holds the read side"


def _where_known(obj: object) -> str:
    """Where the object is a module's global, for the modules on this thread's stack: a registry made at import."""
    frame = calling_frame()
    seen: set[int] = set()
    while frame is not None:
        names = frame.f_globals
        if type(names) is dict and id(names) not in seen:  # exec() takes a Dict, which would refuse us too
            seen.add(id(names))
            for name, value in tuple(names.items()):
                if value is obj:
                    return f"It is the global {names.get('__name__', '?')}.{name}: whoever ran that module owns it. "
        frame = caller_of(frame)
    return ""
