# SPDX-License-Identifier: MIT
"""owned: every object belongs to somebody, and touching what is not yours raises at once.

``@owned`` classes, ``own(obj)`` and the containers ``List``, ``Dict``, ``Set`` are private to the thread that made
them. ``share``, ``freeze`` and ``move`` make sharing a decision. See the README for thirty seconds of it.
"""

import importlib
import os
import typing

try:
    importlib.import_module("owned._core")
except ModuleNotFoundError as error:
    if error.name != "owned._core":
        raise
    raise ImportError(
        f"there is no C module owned._core for this interpreter beside {__file__}, and no pure-Python fallback: "
        "that would let every race pass. "
        "Install it: `pip install owned`; in a checkout, with a C compiler: `pip install -e .`",
        name="owned._core",
    ) from None

from owned._classes import owned
from owned._core import (
    AtomicInt,
    AtomicRef,
    BoundedSemaphore,
    Channel,
    CompoundLock,
    Condition,
    Dict,
    Lazy,
    List,
    Lock,
    Once,
    Owned,
    Parcel,
    Region,
    RLock,
    RWLock,
    Semaphore,
    Set,
    ThreadInfo,
    adopt,
    frozendict,
    move,
    own,
    select,
    share,
    task_private,
    unchecked,
    unwrap,
)
from owned._foreign_locks import register_lock
from owned._frozen import freeze, is_frozen, never_freeze, register
from owned._guarded_by import guarded_by
from owned._locking import locked
from owned._look import State, explain, lock_of, owner, state
from owned._modes import Mode, checked, configure, guard, mode, strict
from owned._own_class import own_class
from owned._processes import install as _follow_to_processes
from owned._recorded import violations
from owned._records import Record, Site, Violation
from owned._requires import requires
from owned._settings import apply as _apply_settings
from owned._stats import Stats, stats
from owned._synchronized import reads, synchronized
from owned._thaw import thaw
from owned._thread import Thread
from owned.errors import (
    AliasWarning,
    ChannelClosed,
    ForeignObjectWarning,
    FreezeError,
    FrozenError,
    LockNotHeldError,
    LockOrderError,
    MovedError,
    OrphanedError,
    OwnershipError,
    OwnershipWarning,
    PermitNotHeldError,
    TravelError,
    UnclaimedWarning,
    ViolationWarning,
    WrongTaskError,
    WrongThreadError,
)

if typing.TYPE_CHECKING:
    from owned import aio as aio
    from owned._audit import audit as audit
    from owned._pool import ThreadPoolExecutor

# The names that PEP 805 proposes.
IllegalThreadAccessException = WrongThreadError
UnprotectedAccessException = LockNotHeldError
TransferBox = Parcel

# What it is most often used as.
Counter = AtomicInt

_LAZY = {"ThreadPoolExecutor": "owned._pool", "aio": "owned.aio", "audit": "owned._audit"}


def __getattr__(name: str) -> typing.Any:
    """Import what stands on concurrent.futures or asyncio when it is first asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(_LAZY[name])
    value = module if module.__name__ == f"{__name__}.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


_apply_settings()
del _apply_settings
_follow_to_processes()
del _follow_to_processes

if "OWNED_RUN_CHILDREN" in os.environ:  # a program under `python -m owned run` has started this process
    from owned._report import follow as _follow

    _follow()

__all__ = [
    "AliasWarning",
    "AtomicInt",
    "AtomicRef",
    "BoundedSemaphore",
    "Channel",
    "ChannelClosed",
    "CompoundLock",
    "Condition",
    "Counter",
    "Dict",
    "ForeignObjectWarning",
    "FreezeError",
    "FrozenError",
    "IllegalThreadAccessException",
    "Lazy",
    "List",
    "Lock",
    "LockNotHeldError",
    "LockOrderError",
    "Mode",
    "MovedError",
    "Once",
    "OrphanedError",
    "Owned",
    "OwnershipError",
    "OwnershipWarning",
    "Parcel",
    "PermitNotHeldError",
    "RLock",
    "RWLock",
    "Record",
    "Region",
    "Semaphore",
    "Set",
    "Site",
    "State",
    "Stats",
    "Thread",
    "ThreadInfo",
    "ThreadPoolExecutor",
    "TransferBox",
    "TravelError",
    "UnclaimedWarning",
    "UnprotectedAccessException",
    "Violation",
    "ViolationWarning",
    "WrongTaskError",
    "WrongThreadError",
    "adopt",
    "audit",
    "checked",
    "configure",
    "explain",
    "freeze",
    "frozendict",
    "guard",
    "guarded_by",
    "is_frozen",
    "lock_of",
    "locked",
    "mode",
    "move",
    "never_freeze",
    "own",
    "own_class",
    "owned",
    "owner",
    "reads",
    "register",
    "register_lock",
    "requires",
    "select",
    "share",
    "state",
    "stats",
    "strict",
    "synchronized",
    "task_private",
    "thaw",
    "unchecked",
    "unwrap",
    "violations",
]
