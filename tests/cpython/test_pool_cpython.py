# SPDX-License-Identifier: MIT
"""CPython's own tests of thread pools, run on ours.

Unguarded arguments pass (``unguarded="pass"``): CPython's tests hand closures over plain lists to their tasks, which
ours refuse otherwise. What takes long is run with ``OWNED_STRESS`` set.
"""

import concurrent.futures
import functools
import importlib

import pytest

import owned
from cpython_tests import run_on_ours
from owned._pool import Future

package = pytest.importorskip("test.test_concurrent_futures", reason="this interpreter comes without CPython's tests")

# They sleep, wait for processes, or start interpreters.
SLOW = {
    "ThreadPoolExecutorTest": (
        "test_hang_global_shutdown_lock",
        "test_free_reference",
        "test_map_timeout",
        "test_no_stale_references",
        "test_process_fork_from_a_threadpool",
    ),
    "ThreadPoolShutdownTest": (
        "test_cancel_futures",
        "test_cancel_futures_wait_false",
        "test_hang_gh83386",
        "test_hang_issue12364",
        "test_interpreter_shutdown",
        "test_submit_after_interpreter_shutdown",
    ),
    "ThreadPoolWaitTests": ("test_pending_calls_race", "test_timeout", "test_20369"),
    "ThreadPoolAsCompletedTest": (
        "test_duplicate_futures",
        "test_free_reference_yielded_future",
        "test_future_times_out",
    ),
    "FutureTests": ("test_exception_with_success", "test_result_with_cancel", "test_result_with_success"),
}

# Every test of CPython's that is not run on ours, with the reason.
EXCEPTIONS = {
    "FutureTests": {
        "test_done_callback_raises": "reads what logging writes to stderr, where pytest's own handler is",
        "test_done_callback_raises_already_succeeded": "reads what logging writes to stderr, where pytest's handler is",
    },
}

OURS = """
import concurrent.futures, owned
class ThreadPoolExecutor(owned.ThreadPoolExecutor):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, unguarded="pass", **kwargs)
concurrent.futures.ThreadPoolExecutor = ThreadPoolExecutor
"""


class ThreadPoolExecutor(owned.ThreadPoolExecutor):
    """Ours, under the name by which the tests' scripts make it, letting everything pass."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, unguarded="pass", **kwargs)


def suite(module_name, class_name, *patches, **attributes):
    """One of CPython's test classes, on ours. Up to 3.11 one module has them all."""
    module = importlib.import_module(f"{package.__name__}.{module_name}") if hasattr(package, "__path__") else package
    patches = [(module, *patch) for patch in patches]
    patches.append((concurrent.futures, "ThreadPoolExecutor", ThreadPoolExecutor))
    run = getattr(module, "assert_python_ok", None)
    if run is not None:

        @functools.wraps(run)
        def run_ours(flag, script, *args, **kwargs):
            return run(flag, OURS + script, *args, **kwargs)

        patches.append((module, "assert_python_ok", run_ours))
    base = getattr(module, class_name)
    return run_on_ours(
        base, patches, exceptions=EXCEPTIONS.get(class_name, {}), slow=SLOW.get(class_name, ()), **attributes
    )


TestPool = suite("test_thread_pool", "ThreadPoolExecutorTest", executor_type=ThreadPoolExecutor)
TestShutdown = suite("test_shutdown", "ThreadPoolShutdownTest", executor_type=ThreadPoolExecutor)
TestWait = suite("test_wait", "ThreadPoolWaitTests", executor_type=ThreadPoolExecutor)
TestAsCompleted = suite("test_as_completed", "ThreadPoolAsCompletedTest", executor_type=ThreadPoolExecutor)
TestInitializer = suite("test_init", "ThreadPoolInitializerTest", executor_type=ThreadPoolExecutor)
TestFailingInitializer = suite("test_init", "ThreadPoolFailingInitializerTest", executor_type=ThreadPoolExecutor)
TestFuture = suite("test_future", "FutureTests", ("Future", Future))
