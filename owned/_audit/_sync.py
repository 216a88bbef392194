# SPDX-License-Identifier: MIT
"""Tell the detector of all synchronisation: `install()`, and back to what it was: `uninstall()`.

Which calls release and which acquire stands in the modules that patch them:

========================  ==============================================================================================
`_sync_threads`           threads, their ends, forks
`_sync_locks`             `Lock`, `RLock`, `Condition`
`_sync_signals`           `Event`, `Semaphore`, `Barrier`
`_sync_queues`            `Queue`, `SimpleQueue`
`_sync_futures`           `concurrent.futures`
`_sync_asyncio`           calls into an event loop
`_sync_caches`            `functools.lru_cache`
`_sync_imports`           modules that are imported
`_sync_processes`         multiprocessing's locks, which threads use, too
`_sync_owned`             our own locks, channels, atomics, parcels
`_sync_found`             locks that were there before
========================  ==============================================================================================

`multiprocessing.pool.ThreadPool` is made of threads, queues and events, and needs nothing of its own. Neither do
`threading.local`, `contextvars`, signal handlers (which run on the main thread, between two of its instructions), weak
references' callbacks and `__del__` (which run on whichever thread lets go): what they do is ordered as what that
thread does.

Not told of: pipes, sockets and files by which threads of one process signal each other, locks that C code takes by
itself, and threads that C code starts, until they first run audited code.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from owned._audit import (
    _sync_asyncio,
    _sync_caches,
    _sync_found,
    _sync_futures,
    _sync_imports,
    _sync_locks,
    _sync_owned,
    _sync_processes,
    _sync_queues,
    _sync_signals,
    _sync_threads,
)
from owned._audit._sync_base import Patches, count_inside, detector

__all__ = ["install", "uninstall"]

_installed: list[Patches] = []

_PARTS = (
    _sync_locks,
    _sync_signals,
    _sync_queues,
    _sync_futures,
    _sync_asyncio,
    _sync_caches,
    _sync_imports,
    _sync_processes,
    _sync_owned,
    _sync_threads,
    _sync_found,
)


def install(*, audited: Iterable[str] = (), detector_module: Any = None) -> None:
    """Begin to tell of synchronisation. The detector is to be active already.

    Args:
        audited: modules of the standard library that are audited: the locks that they make for themselves are told of.
        detector_module: who is told; None: `owned._audit._detector`.

    Raises:
        RuntimeError: it is told of already.
    """
    if _installed:
        raise RuntimeError("synchronisation is told of already")
    if detector_module is None:
        from owned._audit import _detector as detector_module
    detector.module = detector_module
    count_inside(but=audited)
    patches = Patches()
    _installed.append(patches)
    try:
        for part in _PARTS:
            part.install(patches)
    except BaseException:
        uninstall()
        raise


def uninstall() -> None:
    """Bring everything back to what it was. What was made meanwhile goes on working. Nothing, if nothing is told of."""
    while _installed:
        _installed.pop().take_back()
