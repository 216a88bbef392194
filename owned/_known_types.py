# SPDX-License-Identifier: MIT
"""Types that serve many threads and guard themselves, and those of event loops: one list for all who ask."""

from __future__ import annotations

import sys
from typing import Final

# By module and name, with their subclasses. Looked up only where the module is loaded: before, there are no instances.
_SYNCHRONIZED: Final[dict[str, tuple[str, ...]]] = {
    "threading": ("Thread", "Condition", "Event", "Semaphore", "Barrier", "_RLock", "local"),
    "_thread": ("LockType", "RLock", "_local"),
    "_contextvars": ("ContextVar", "Context"),  # one thread at a time is in a Context
    "functools": ("_lru_cache_wrapper",),
    "queue": ("Queue", "SimpleQueue", "_PySimpleQueue"),
    "_queue": ("SimpleQueue",),
    "concurrent.futures._base": ("Executor", "Future"),
    "multiprocessing.process": ("BaseProcess",),
    "multiprocessing.pool": ("Pool",),
    "multiprocessing.queues": ("Queue", "SimpleQueue"),
    "multiprocessing.synchronize": ("SemLock", "Condition", "Event"),
    "multiprocessing.managers": ("BaseManager", "BaseProxy"),
    "socketserver": ("BaseServer",),
    "logging": ("Handler", "Logger"),
    "owned.aio": ("Queue", "_Call", "_Callback"),
    "owned._core": (
        *("Lock", "RLock", "RWLock", "ReadSide", "WriteSide"),
        *("Channel", "AtomicInt", "AtomicRef", "Once", "Lazy"),
        *("Lock", "RLock", "CompoundLock", "Condition", "Semaphore", "Channel"),
        *("AtomicInt", "AtomicRef", "Once", "Lazy"),
    ),
}

_OF_EVENT_LOOP: Final[dict[str, tuple[str, ...]]] = {
    "asyncio.events": ("AbstractEventLoop", "Handle"),
    "asyncio.futures": ("Future", "_PyFuture"),
    "asyncio.tasks": ("Task", "_PyTask"),
    "asyncio.queues": ("Queue",),
    "asyncio.locks": ("Lock", "Event", "Condition", "Semaphore", "Barrier"),
}

_mro = type.__dict__["__mro__"].__get__


# The same for the core, which looks through it without running Python.
SYNCHRONIZED: Final = tuple((module, name) for module, names in _SYNCHRONIZED.items() for name in names)


def is_synchronized(cls: type) -> bool:
    """May any number of threads use an instance at once: a lock, a queue, a thread, an executor, a logger?"""
    return _is_one_of(cls, _SYNCHRONIZED)


def is_of_event_loop(cls: type) -> bool:
    """Does an event loop call its instances: a task, a future, a lock or queue of asyncio?"""
    return _is_one_of(cls, _OF_EVENT_LOOP)


def _is_one_of(cls: type, kinds: dict[str, tuple[str, ...]]) -> bool:
    bases = _mro(cls)  # issubclass() asks the metaclass, which may be anybody's code
    for module_name, names in kinds.items():
        module = sys.modules.get(module_name)
        if module is None:
            continue
        known = [getattr(module, name, None) for name in names]
        if any(base is kind for base in bases for kind in known):
            return True
    return False
