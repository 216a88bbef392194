# SPDX-License-Identifier: MIT
"""CPython's own tests of threads, run on ours: those that make ``threading.Thread`` objects in this process.

Unguarded arguments pass (``unguarded="pass"``): CPython's tests hand plain lists and closures to their threads.
"""

import threading

import pytest

import owned
from cpython_tests import run_on_ours

tests = pytest.importorskip("test.test_threading", reason="this interpreter comes without CPython's tests")


class Thread(owned.Thread):
    """Ours, letting everything pass."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, unguarded="pass", **kwargs)


class Threading:
    """The module as the tests see it. Its own classes go on deriving from its own Thread."""

    Thread = Thread

    def __getattr__(self, name):
        return getattr(threading, name)

    def __setattr__(self, name, value):
        setattr(threading, name, value)

    def __delattr__(self, name):
        delattr(threading, name)


def derived(standard):
    """A class of the tests, derived from ours."""
    return type(standard.__name__, (Thread,), {k: v for k, v in vars(standard).items() if k != "__weakref__"})


PATCHES = [
    (tests, "threading", Threading()),
    (tests, "TestThread", derived(tests.TestThread)),
    (tests, "ThreadRunFail", derived(tests.ThreadRunFail)),
]

FITTING = (
    "test_args_argument",
    "test_boolean_target",
    "test_daemon_param",
    "test_enumerate_after_join",
    "test_is_alive_after_fork",
    "test_join_from_multiple_threads",
    "test_join_with_timeout",
    "test_leak_without_join",
    "test_limbo_cleanup",
    "test_main_thread",
    "test_name",
    "test_no_refcycle_through_target",
    "test_old_threading_api",
    "test_PyThreadState_SetAsyncExc",
    "test_repr_daemon",
    "test_repr_stopped",
    "test_start_new_thread_failed",
    "test_various_ops",
    "test_various_ops_large_stack",
    "test_various_ops_small_stack",
)

TestThread = run_on_ours(
    tests.ThreadTests,
    PATCHES,
    only=FITTING,
    slow=(
        "test_enumerate_after_join",
        "test_is_alive_after_fork",
        "test_start_new_thread_failed",
        "test_various_ops_large_stack",
    ),
)
TestExceptions = run_on_ours(
    tests.ThreadingExceptionTests,
    PATCHES,
    only=(
        "test_daemonize_active_thread",
        "test_joining_current_thread",
        "test_joining_inactive_thread",
        "test_multithread_modify_file_noerror",
        "test_start_thread_again",
    ),
    slow=("test_multithread_modify_file_noerror",),
)
TestExceptHook = run_on_ours(tests.ExceptHookTests, PATCHES)
