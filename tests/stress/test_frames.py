# SPDX-License-Identifier: MIT
"""Walking the stack without memory."""

import sys
import sysconfig

import pytest

from owned._records import caller_of


@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="free-threaded CPython crashes")
def test_no_memory_is_not_the_end_of_the_stack():
    """Where there is no memory for the caller's frame, that is said at once."""
    testcapi = pytest.importorskip("_testcapi")

    def outer():
        return inner()

    def inner():
        frame = sys._getframe()
        testcapi.set_nomemory(0, 0)
        try:
            return caller_of(frame)
        finally:
            testcapi.remove_mem_hooks()

    try:
        assert outer() is not None
    except MemoryError:
        pass
