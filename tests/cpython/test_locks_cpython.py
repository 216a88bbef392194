# SPDX-License-Identifier: MIT
"""CPython's own tests of locks, run on ours."""

import threading
import unittest
from unittest import mock

import pytest

import owned

lock_tests = pytest.importorskip("test.lock_tests", reason="this interpreter comes without CPython's tests")

# Every test of CPython's that is not run on ours, with the reason.
EXCEPTIONS = {
    ("Lock", "test_reacquire"): "waits for a lock it holds until another thread releases it: ours knows its holder, so "
    "the wait is a LockOrderError and the release by another thread a LockNotHeldError",
    ("Lock", "test_different_thread"): "releases a lock that another thread holds: LockNotHeldError",
    ("ConditionOverLock", "test_acquire"): "acquires twice, as a Condition's default lock allows and Lock does not",
    ("ConditionOfLock", "test_acquire"): "the same",
    (
        "BoundedSemaphore",
        "test_acquire_contended",
    ): "one thread gives back what others took: ours are their takers', so that is a PermitNotHeldError",
    ("BoundedSemaphore", "test_multirelease"): "the same",
    ("Condition", "test_nan_timeout"): "looks at the queue inside of threading.Condition",
    ("ConditionOfLock", "test_nan_timeout"): "the same",
    ("ConditionAsLock", "test_recursion_count"): "threading.Condition has no _recursion_count()",
    ("ConditionAsLock", "test_repr_count"): "threading.Condition's repr has no count of its own",
    ("ConditionAsLock", "test_constructor_noargs"): "a Condition takes an argument",
}


def suite(name, base, **attributes):
    """A subclass of one of CPython's test classes, with the exceptions skipped.

    The locks that the tests of conditions make for them are ours: a Condition of ours takes no others.
    """
    if base is lock_tests.ConditionTests:
        attributes["test_acquire"] = with_our_lock(base.test_acquire)
    for (suite_name, test), reason in EXCEPTIONS.items():
        if suite_name == name and hasattr(base, test):
            attributes[test] = unittest.skip(reason)(lambda self: None)
    return type(f"Test{name}", (base,), attributes)


def with_our_lock(test):
    """The test, with owned.Lock where it makes a threading.Lock."""

    def run(self):
        with mock.patch.object(threading, "Lock", owned.Lock):
            test(self)

    return run


def condition(kind, condition=threading.Condition):
    """A Condition whose lock is one of ours unless the test brings its own."""

    def make(lock=None):
        return condition(kind() if lock is None else lock)

    return staticmethod(make)


TestLock = suite("Lock", lock_tests.LockTests, locktype=staticmethod(owned.Lock))
TestRLock = suite("RLock", lock_tests.RLockTests, locktype=staticmethod(owned.RLock))
TestConditionOverRLock = suite("ConditionOverRLock", lock_tests.ConditionTests, condtype=condition(owned.RLock))
TestConditionOverLock = suite("ConditionOverLock", lock_tests.ConditionTests, condtype=condition(owned.Lock))
TestConditionAsLock = suite("ConditionAsLock", lock_tests.RLockTests, locktype=condition(owned.RLock))


TestCondition = suite("Condition", lock_tests.ConditionTests, condtype=staticmethod(owned.Condition))
TestConditionOfLock = suite(
    "ConditionOfLock", lock_tests.ConditionTests, condtype=condition(owned.Lock, owned.Condition)
)
TestConditionAsRLock = suite("ConditionAsRLock", lock_tests.RLockTests, locktype=staticmethod(owned.Condition))
TestSemaphore = suite("Semaphore", lock_tests.SemaphoreTests, semtype=staticmethod(owned.Semaphore))
TestBoundedSemaphore = suite(
    "BoundedSemaphore", lock_tests.BoundedSemaphoreTests, semtype=staticmethod(owned.BoundedSemaphore)
)


def over(kind, lock):
    """A class of threading's with one of our conditions, over one of our locks, inside."""

    def make(*args, **kwargs):
        made = kind(*args, **kwargs)
        made._cond = owned.Condition(lock())
        return made

    return staticmethod(make)


# threading's own have a Condition(Lock()) inside.
TestEvent = suite("Event", lock_tests.EventTests, eventtype=over(threading.Event, owned.Lock))
TestBarrier = suite("Barrier", lock_tests.BarrierTests, barriertype=over(threading.Barrier, owned.Lock))
