# SPDX-License-Identifier: MIT
"""CPython's own tests of locks, run on ours."""

import threading
import unittest

import pytest

import owned

lock_tests = pytest.importorskip("test.lock_tests", reason="this interpreter comes without CPython's tests")

# Every test of CPython's that is not run on ours, with the reason.
EXCEPTIONS = {
    ("Lock", "test_reacquire"): "waits for a lock it holds until another thread releases it: ours knows its holder, so "
    "the wait is a LockOrderError and the release by another thread a LockNotHeldError",
    ("Lock", "test_different_thread"): "releases a lock that another thread holds: LockNotHeldError",
    ("ConditionOverLock", "test_acquire"): "acquires twice, as a Condition's default lock allows and Lock does not",
    ("ConditionAsLock", "test_recursion_count"): "threading.Condition has no _recursion_count()",
    ("ConditionAsLock", "test_repr_count"): "threading.Condition's repr has no count of its own",
    ("ConditionAsLock", "test_constructor_noargs"): "a Condition takes an argument",
}


def suite(name, base, **attributes):
    """A subclass of one of CPython's test classes, with the exceptions skipped."""
    for (suite_name, test), reason in EXCEPTIONS.items():
        if suite_name == name and hasattr(base, test):
            attributes[test] = unittest.skip(reason)(lambda self: None)
    return type(f"Test{name}", (base,), attributes)


def condition(kind):
    """A Condition whose lock is one of ours unless the test brings its own."""

    def make(lock=None):
        return threading.Condition(kind() if lock is None else lock)

    return staticmethod(make)


TestLock = suite("Lock", lock_tests.LockTests, locktype=staticmethod(owned.Lock))
TestRLock = suite("RLock", lock_tests.RLockTests, locktype=staticmethod(owned.RLock))
TestConditionOverRLock = suite("ConditionOverRLock", lock_tests.ConditionTests, condtype=condition(owned.RLock))
TestConditionOverLock = suite("ConditionOverLock", lock_tests.ConditionTests, condtype=condition(owned.Lock))
TestConditionAsLock = suite("ConditionAsLock", lock_tests.RLockTests, locktype=condition(owned.RLock))


class TestSemaphore(lock_tests.SemaphoreTests):
    """threading.Semaphore with our Lock under its Condition."""

    @staticmethod
    def semtype(value=1):
        semaphore = threading.Semaphore(value)
        semaphore._cond = threading.Condition(owned.Lock())
        return semaphore


class TestEvent(lock_tests.EventTests):
    """threading.Event with our Lock under its Condition."""

    @staticmethod
    def eventtype():
        event = threading.Event()
        event._cond = threading.Condition(owned.Lock())
        return event


class TestBarrier(lock_tests.BarrierTests):
    """threading.Barrier with our Lock under its Condition."""

    @staticmethod
    def barriertype(*args, **kwargs):
        barrier = threading.Barrier(*args, **kwargs)
        barrier._cond = threading.Condition(owned.Lock())
        return barrier
