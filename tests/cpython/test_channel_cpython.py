# SPDX-License-Identifier: MIT
"""CPython's own tests of queues, run on Channel."""

import queue
import unittest

import pytest

import owned

test_queue = pytest.importorskip("test.test_queue", reason="this interpreter comes without CPython's tests")

_NO_TASKS = "counts tasks that are done with task_done() and join(), which a Channel does not"
_NO_SHUTDOWN = "calls shutdown(), which a Channel does not have: close() is shutdown(), and tests/unit has its tests"

# Every test of CPython's that is not run on ours, with the reason.
EXCEPTIONS = {
    "test_queue_task_done": _NO_TASKS,
    "test_queue_join": _NO_TASKS,
    "test_shrinking_queue": "assigns to maxsize, which is read-only here",
}


class Queue:
    """A Channel by the name that CPython's tests look up what they expect by."""

    def __init__(self, maxsize=0):
        self._channel = owned.Channel(maxsize, unguarded="pass")  # some put plain objects

    def __getattr__(self, name):
        return getattr(self._channel, name)


def suite(base, **attributes):
    """A subclass of one of CPython's test classes, with the exceptions skipped."""
    for name in dir(base):
        reason = _NO_SHUTDOWN if "shutdown" in name else EXCEPTIONS.get(name)
        if name.startswith("test_") and reason is not None:
            attributes[name] = unittest.skip(reason)(lambda self: None)
    return type(base.__name__, (base, unittest.TestCase), {"queue": queue, "type2test": Queue, **attributes})


TestSimple = suite(
    test_queue.BaseSimpleQueueTest,
    type2test=staticmethod(lambda: owned.Channel(unguarded="pass")),
    test_reentrancy=test_queue.CSimpleQueueTest.test_reentrancy,
)
TestFifo = suite(test_queue.BaseQueueTestMixin)
