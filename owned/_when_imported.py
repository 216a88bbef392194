# SPDX-License-Identifier: MIT
"""Do something to a module of the standard library once somebody imports it, without importing it.

wrapt has the same, and imports asyncio, which ``import owned`` is not to cost.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_waiting: dict[str, Callable[[Any], None]] = {}


def when_imported(name: str, change: Callable[[Any], None]) -> None:
    """Call ``change(module)`` as soon as the module has been executed; now, if it has been."""
    module = sys.modules.get(name)
    if module is not None:
        change(module)
        return
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
    _waiting[name] = change


class _Finder:
    """Finds what is waited for where everybody finds it."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        change = _waiting.pop(name, None)
        if change is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            change(module)

        loader.exec_module = exec_module
        return spec
