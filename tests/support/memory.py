# SPDX-License-Identifier: MIT
"""Allocation failure at every step of a call."""

from __future__ import annotations

from collections.abc import Callable

import pytest

STEPS = 2000


def out_of_memory(touch: Callable[[], object], unchanged: Callable[[], None], reset: Callable[[], object]) -> None:
    """Call ``touch`` with the first allocation failing, then the second, and so on, until it is done without a failure.

    Each failure has to be a MemoryError, and ``unchanged`` has to hold after it; ``reset`` is called before every try.
    """
    testcapi = pytest.importorskip("_testcapi")
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
