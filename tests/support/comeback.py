# SPDX-License-Identifier: MIT
"""A thread that C started, and that comes to Python twice."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from locks import LIMIT
from owned import _core

needs_threads_of_c = pytest.mark.skipif(sys.platform != "linux", reason="knows Linux's pthread_key_t and sem_t only")


def call_twice(first: Callable[[], object], between: Callable[[], object], second: Callable[[], object]) -> None:
    """Call two functions on one thread of C, which has no Python thread state in between: then the third runs here.

    Between them the thread waits in a destructor of its thread-specific data, which C runs one after the other when its
    function is back. What one of the functions raises is raised here.
    """
    libc = ctypes.CDLL(None)
    enough = ctypes.create_string_buffer(64)  # a sem_t
    libc.sem_init(enough, 0, 0)
    keys = ctypes.c_uint(), ctypes.c_uint()
    number: list[int] = []
    errors: list[BaseException] = []

    def call(function: Callable[[], object]) -> None:
        try:
            function()
        except BaseException as error:
            errors.append(error)

    def begin(_: Any) -> None:
        call(first)
        libc.pthread_setspecific(keys[0], enough)
        libc.pthread_setspecific(keys[1], enough)
        number.append(_core.thread_id())

    start = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(begin)
    come_back = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: call(second))
    for key, destructor in zip(keys, (libc.sem_wait, come_back), strict=True):
        assert libc.pthread_key_create(ctypes.byref(key), destructor) == 0
    thread = ctypes.c_void_p()
    assert libc.pthread_create(ctypes.byref(thread), None, start, None) == 0
    end = time.monotonic() + LIMIT
    while not (number and ((info := _core.thread_info(number[0])) is None or info.finished)):
        assert time.monotonic() < end, "the thread of C goes on"
        time.sleep(0)  # lets others run: nothing tells when the thread's state is gone
    call(between)
    libc.sem_post(enough)
    assert libc.pthread_join(thread, None) == 0
    for key in keys:
        libc.pthread_key_delete(key)
    if errors:
        raise errors[0]
