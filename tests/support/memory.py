# SPDX-License-Identifier: MIT
"""Allocation failure at every step of a call."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable

import pytest

STEPS = 2000


def out_of_memory(touch: Callable[[], object], unchanged: Callable[[], None], reset: Callable[[], object]) -> None:
    """Call ``touch`` with every allocation failing, then all but the first, and so on, until it succeeds.

    Each failure has to be a MemoryError, and ``unchanged`` has to hold after it; ``reset`` is called before every try.
    """
    testcapi = pytest.importorskip("_testcapi")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("PyList_New of free-threaded CPython 3.13 frees what it has not set where an allocation fails")
    for step in range(STEPS):
        reset()
        testcapi.set_nomemory(step)
        try:
            touch()
        except MemoryError:
            failed = True
        else:
            failed = False
        finally:
            testcapi.remove_mem_hooks()
        if not failed:
            return
        unchanged()
    pytest.fail(f"still failing after {STEPS} allocations")
