# SPDX-License-Identifier: MIT
"""Importing: what a module's code does when it runs comes before whatever imports the module.

Python locks a module while its code runs. A rewritten import statement tells of itself, and so does
`importlib.import_module`. Only modules that are rewritten are told of: nothing is known of what the others do.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from owned._audit._sync_base import Patches, detector

__all__ = ["imported", "install", "loaded"]

_syncs: dict[str, Any] = {}
_is_told = False


def install(patches: Patches) -> None:
    """Tell of modules that are imported from now on."""
    global _is_told
    _is_told = True
    patches.also(_forget)
    original = patches.method(importlib, "import_module", _import_module)
    patches.everywhere(original, vars(importlib)["import_module"])


def _forget() -> None:
    global _is_told
    _is_told = False
    _syncs.clear()


def loaded(module: str) -> None:
    """Its code has run, or failed, on this thread, and is not imported by another one yet."""
    if _is_told:
        sync = _syncs[module] = detector.module.Sync("import")
        sync.release()


def imported(module: str, level: int = 0) -> None:
    """An import statement has imported it, and the packages around it.

    Args:
        module: its name, or that of something that may be a module; relative to the caller's package, where there is a
            level.
        level: how many dots stood before it.
    """
    if not _syncs:
        return
    if level:
        package = sys._getframe(1).f_globals.get("__package__")
        if not isinstance(package, str):
            return
        around = package.rsplit(".", level - 1)[0]
        module = f"{around}.{module}"
    _acquire(module)


def _acquire(module: str) -> None:
    while module:
        sync = _syncs.get(module)
        if sync is not None:
            sync.acquire()
        module = module.rpartition(".")[0]


def _import_module(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    module = wrapped(*args, **kwargs)
    name = getattr(module, "__name__", None)
    if isinstance(name, str):
        _acquire(name)
    return module
