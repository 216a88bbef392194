# SPDX-License-Identifier: MIT
"""Who is measured in several questions: the modes, and other people's wrappers."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from typing import Any

import owned
from benchmarks.harness import Time, entered, importable

MODES = ("guard", "checked", "strict")
WRAPPER_MODULES = ("wrapt._wrappers", "zope.proxy", "zope.security.checker", "lazy_object_proxy.cext")
WRAPT, ZOPE_PROXY, ZOPE_SECURITY = "wrapt C ObjectProxy", "zope.proxy", "zope.security C proxy"
LAZY = "lazy-object-proxy C"


def mode_of(name: str | None) -> contextlib.AbstractContextManager[object]:
    """A mode for a block; None for what does not care."""
    return contextlib.nullcontext() if name is None else owned.configure(mode=name)


def in_mode(name: str | None, timed: Time) -> Time:
    """So that it is measured in a mode."""
    return timed if name is None else entered(lambda: mode_of(name), timed)


def wrappers(*names: str, iterated: bool = False) -> dict[str, Callable[[Any], Any]]:
    """What wraps an object, by its name, of those that are installed.

    Args:
        names: What zope.security shall let through.
        iterated: Shall it be iterated? The C type of wrapt 2 cannot be, the Python class that extends it can.
    """
    found: dict[str, Callable[[Any], Any]] = {}
    if (wrapt := importable(WRAPPER_MODULES[0])) is not None:
        found[WRAPT] = importlib.import_module("wrapt").ObjectProxy if iterated else wrapt.ObjectProxy
    if (proxy := importable(WRAPPER_MODULES[1])) is not None:
        found[ZOPE_PROXY] = proxy.ProxyBase
    if (checker := importable(WRAPPER_MODULES[2])) is not None:
        public = dict.fromkeys(names, checker.CheckerPublic)
        let_through = checker.Checker(public, public)
        found[ZOPE_SECURITY] = lambda obj: checker.Proxy(obj, let_through)
    if (lazy := importable(WRAPPER_MODULES[3])) is not None:
        found[LAZY] = lambda obj: lazy.Proxy(lambda: obj)
    return found
