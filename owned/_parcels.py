# SPDX-License-Identifier: MIT
"""Parcels: to whom they are addressed, how they go to another process, and what is said of those that nobody claimed.

A parcel is pickled with a pickle of its content inside, which is opened on the other side by the thread that claims it:
so what was in it is private to that thread, whoever received the parcel. The content has gone once its pickle is made;
a ``sending()`` block undoes that where the rest of the message cannot be pickled, or cannot be sent.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeAlias

import attrs

from owned import _violations, errors
from owned._records import HERE, STRICT, Record, Site, caller_of, calling_frame, stack_of
from owned._words import with_article

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from owned._core import Parcel

Dump: TypeAlias = "Callable[..., Any]"

WENT = ("pickle", "start")
"""The verbs of Records that say that something went to another process."""

_TOKEN = "_owned_token"
_STANDARD = os.path.dirname(os.path.abspath(threading.__file__))
_NOT_THE_PROGRAM = (HERE, *(os.path.join(_STANDARD, name) for name in ("multiprocessing", "concurrent", "pickle.py")))


# ---- addresses -------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class Process:
    """The address of a process, as it is known in the one that sends and in the one that receives.

    A process that has been started is known by its number. One that has not, by a token that its Process object takes
    along, whether that is forked or pickled.
    """

    name: str
    pid: int | None
    token: str
    process: BaseProcess | None = None

    @classmethod
    def of(cls, process: BaseProcess) -> Process:
        token = vars(process).setdefault(_TOKEN, os.urandom(16).hex())
        return cls(process.name, process.pid, token, process)

    def facts(self) -> tuple[str, int | None, str]:
        """What travels of it."""
        return self.name, self._pid(), self.token

    def _pid(self) -> int | None:
        if self.process is None or self.pid is not None:
            return self.pid
        try:
            return self.process.pid  # it may have been started since
        except ValueError:  # it has ended, and was closed
            return None

    def is_here(self) -> bool:
        module = sys.modules.get("multiprocessing.process")
        here = module is not None and vars(module.current_process()).get(_TOKEN) == self.token
        return here or self.pid == os.getpid()

    def has_ended(self) -> bool:
        return self.process is not None and _process_has_ended(self.process)

    def was_started(self) -> bool:
        return self._pid() is not None or self.has_ended()

    def __repr__(self) -> str:
        return f"process {self.name!r}"


def _process_has_ended(process: BaseProcess) -> bool:
    try:
        return process.pid is not None and not process.is_alive()
    except ValueError:  # it was closed, which needs that it has ended
        return True
    except AssertionError:  # it is no child of this process: who knows?
        return False


def _has_ended(to: threading.Thread | Process) -> bool:
    if isinstance(to, threading.Thread):
        return to.ident is not None and not to.is_alive()
    return to.has_ended()


def _is_me(to: threading.Thread | Process) -> bool:
    return to is threading.current_thread() if isinstance(to, threading.Thread) else to.is_here()


def _kind(to: threading.Thread | Process) -> str:
    return "thread" if isinstance(to, threading.Thread) else "process"


def address(obj: object, to: object) -> threading.Thread | Process:
    """What ``move(obj, to=...)`` was given, as the parcel keeps it. Called by the C core.

    Raises:
        TypeError: it is neither a thread nor a process.
        OwnershipError: it has ended.
    """
    from owned import _core

    module = sys.modules.get("multiprocessing.process")
    if isinstance(to, threading.Thread):
        kind, ended = "thread", _has_ended(to)
    elif module is not None and isinstance(to, module.BaseProcess):
        kind, ended = "process", _process_has_ended(to)
    else:
        raise TypeError(f"`to` must be a threading.Thread, a multiprocessing.Process or None, got {type(to).__name__}")
    if ended:
        text = (
            f"{to!r} has ended: it can claim nothing any more. Move it to another {kind}, or to whoever comes first: "
            "move(obj)"
        )
        _refuse(errors.OwnershipError, "move", obj, _core.known_type(obj), text)
    return to if isinstance(to, threading.Thread) else Process.of(to)


def may_claim(parcel: Parcel[Any], to: threading.Thread | Process) -> None:
    """Refuse whom a parcel is not addressed to. Called by the C core."""
    from owned import _core

    if _is_me(to):
        return
    gone = _core.parcel_facts(parcel)[2]
    if gone is not None:
        is_gone(parcel, "claim", gone)
    if _has_ended(to):
        text = f"this parcel is addressed to {to!r}, which has ended: take its place with adopt(parcel), then claim it"
    else:
        text = f"this parcel is addressed to {to!r}: only that {_kind(to)} may claim it"
    _refuse(errors.WrongThreadError, "claim", parcel, type(parcel), text)


def adopt(parcel: Parcel[Any]) -> None:
    """Address a parcel to the calling thread, if whom it is addressed to has ended. Called by the C core."""
    from owned import _core

    while True:
        _record, to, gone, _packed = _core.parcel_facts(parcel)
        if gone is not None:
            is_gone(parcel, "adopt", gone)
        if to is None:
            text = "this parcel is addressed to nobody, so there is nothing to adopt: claim() it"
            _refuse(errors.OwnershipError, "adopt", parcel, type(parcel), text)
        if to is threading.current_thread():
            return
        if not _has_ended(to):
            text = f"this parcel is addressed to {to!r}, which has not ended: only that {_kind(to)} may claim it"
            _refuse(errors.WrongThreadError, "adopt", parcel, type(parcel), text)
        if _core.parcel_readdress(parcel, to, threading.current_thread()):
            return


def is_gone(parcel: Parcel[Any], verb: str, gone: Record | None) -> NoReturn:
    """Refuse a parcel that is empty. Called by the C core."""
    if gone is not None and gone.verb in WENT:
        text = f"this parcel went to another process: {gone}; what was in it is claimed there, once"
    else:
        text = f"this parcel has been claimed: {gone}; a parcel is claimed once"
    _refuse(errors.MovedError, verb, parcel, type(parcel), text)


def _refuse(kind: type[errors.OwnershipError], verb: str, obj: object, known_type: type, text: str) -> NoReturn:
    raise _violations.make_refusal(kind, verb, obj, known_type, text)


# ---- to another process ----------------------------------------------------------------------------------------------


class _Sending(threading.local):
    """What this thread is doing to send something."""

    innermost: sending | None = None


_now = _Sending()


class sending:
    """Pickle and send one message: if the block is left by an exception, the parcels that went into it are put back.

    Blocks nest, and an inner one puts back what went into it, an outer one what went into all. But where the program's
    own code runs because something is pickled, and sends something, that is another message: it has been sent, or not,
    whatever becomes of the one around it.

    Args:
        dump: what makes the pickles of contents, as ``pickle.dumps`` does.
        pickles: the program's code may run in the block.
        is_part: what is sent here is part of the message around it wherever there is one.
    """

    __slots__ = ("_around", "_is_part", "_pickles", "_put_back", "_start", "dump", "taken")

    def __init__(self, dump: Dump = pickle.dumps, *, pickles: bool = False, is_part: bool = False) -> None:
        self.dump = dump
        self._pickles = pickles
        self._is_part = is_part
        self.taken: list[Any] = []  # [parcel, content]

    def __enter__(self) -> Self:
        from owned import _core

        around = self._around = _now.innermost
        if around is not None and (self._is_part or not around._pickles):
            self.dump, self.taken = around.dump, around.taken
        self._start = len(self.taken)
        self._put_back = _core.parcels_put_back  # so that leaving needs nothing that could fail
        _now.innermost = self
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        _now.innermost = self._around
        if kind is not None:
            self._put_back(self.taken, self._start)


def reduce(parcel: Parcel[Any], protocol: int) -> tuple[Any, ...]:
    """How a parcel is pickled: it is empty then. Called by the C core.

    Raises:
        MovedError: it is empty already.
        WrongThreadError: it is addressed to a thread of this process.
        TravelError: something in it cannot be pickled. The parcel is as it was.
    """
    from owned import _core

    record, to, _gone, packed = _core.parcel_facts(parcel)
    if isinstance(to, threading.Thread):
        text = f"this parcel is addressed to {to!r}, a thread of this process: it cannot go to another one"
        _refuse(errors.WrongThreadError, "pickle", parcel, type(parcel), text)
    pickling = _record("pickle", record)
    with sending(pickles=True, is_part=True) as message:
        content: Any = _core.parcel_take(parcel, pickling, message.taken)
        data = content if packed else _pickled(content, protocol, message.dump)
        _core.parcel_sent(parcel)
    return arrive, (data, _abroad(record), None if to is None else to.facts())


def started(parcel: Parcel[Any]) -> None:
    """A process was forked that has the parcel: what is in it here is nobody's any more."""
    from owned import _core

    record, to, gone, _packed = _core.parcel_facts(parcel)
    if gone is None and not isinstance(to, threading.Thread):
        _core.parcel_take(parcel, _record("start", record), [])
        _core.parcel_sent(parcel)


def _pickled(content: Any, protocol: int, dump: Dump) -> bytes:
    try:
        return bytes(dump(content, protocol))
    except Exception as error:
        from owned import _travel

        told = _travel.explained(content, error, forking=dump is not pickle.dumps)
        if told is error:
            raise
        raise told from error


def _record(verb: str, moved: Record) -> Record:
    """The Record of who sends what was moved, at a line of the program and not of the library that pickles for it."""
    from owned import _core

    frame = calling_frame()
    while frame is not None and frame.f_code.co_filename.startswith(_NOT_THE_PROGRAM):
        frame = caller_of(frame)
    stack = stack_of(frame)
    at = stack[0] if stack else Site("<unknown>", 0, "<unknown>")
    return Record(
        verb,
        moved.root_type,
        moved.count,
        at.file,
        at.line,
        at.function,
        threading.current_thread().name,
        stack if _core.get_mode() == STRICT else (),
    )


def _abroad(record: Record) -> Record:
    """A Record as the other process knows it. A parcel that travels on has been told of already."""
    module = sys.modules.get("multiprocessing.process")
    process = f"process {os.getpid()}" if module is None else module.current_process().name
    return record if " of " in record.thread else attrs.evolve(record, thread=f"{record.thread} of {process}")


def arrive(data: bytes, record: Record, to: tuple[str, int | None, str] | None) -> Parcel[Any]:
    """The parcel that another process sent. Named in pickles."""
    from owned import _core

    return _core.make_parcel(data, record, None if to is None else Process(*to))


def unpack(data: bytes) -> Any:
    """The content of a parcel that came from another process. Called by the C core, on the thread that claims it."""
    return pickle.loads(data)


# ---- unclaimed -------------------------------------------------------------------------------------------------------

_shown: dict[Any, Any] = {}  # what warnings keeps of the places that were told


def warn_unclaimed(record: Record, to: threading.Thread | Process | None) -> None:
    """A parcel was dropped whose content nobody claimed. Called by the C core in strict mode, from a finalizer.

    The warning points at the line that moved it: the line that happens to drop it may be anywhere.
    """
    if sys.is_finalizing() or (isinstance(to, Process) and to.was_started()):
        return  # a process that was forked may have a copy of it
    what = with_article(record.root_type)
    addressed = "" if to is None else f" It was addressed to {to!r}."
    warnings.warn_explicit(
        errors.UnclaimedWarning(
            f"{what} was handed over and nobody took it: {record}. Its parcel was dropped unclaimed, and what was "
            f"in it is lost.{addressed} Let whoever receives the parcel claim() it"
        ),
        errors.UnclaimedWarning,
        record.file,
        record.line,
        registry=_shown,
    )
