# SPDX-License-Identifier: MIT
"""The plugin beside what else runs tests: pytest-xdist, pytest-asyncio, unittest, pytest-run-parallel, doctest."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from suites import run_suite


def test_xdist(pytester: pytest.Pytester) -> None:
    """A worker sends its reports as text and its numbers as data, and what happens between its tests counts."""
    pytester.makeconftest(
        """
        def pytest_runtest_logfinish(nodeid):
            import sys
            module = sys.modules.get("test_xdist")
            if nodeid.endswith("test_between") and module is not None:
                module.violate()
        """
    )
    done = run_suite(
        pytester,
        """
        @pytest.mark.parametrize("number", range(3))
        def test_fails(number):
            violate()

        def test_between():
            pass

        @pytest.mark.xfail
        def test_xfail():
            violate()
        """,
        "--owned=strict",
        "--import-mode=prepend",
        "-n1",
        "--junitxml=report.xml",
        plugins=("xdist",),
    )
    assert done.of == {f"test_fails[{number}]": "call failed" for number in range(3)} | {
        "test_between": "passed",
        "test_xfail": "xfailed",
    }
    assert (
        done.texts["test_fails[1]"].count("owned: WrongThreadError: write Account.balance, by thread 'worker'\n") == 1
    )
    assert "owned: outside of any test" in done.output
    assert "owned: 4 violations at 1 site" in done.output
    assert "in test_xdist.py::test_fails[" in done.output
    assert "1 violation outside of any test: the session has failed" in done.output
    assert done.status == 1
    failures = ElementTree.parse(Path(pytester.path, "report.xml")).findall(".//failure")
    assert len(failures) == 3
    assert all("owned: WrongThreadError" in (failure.text or "") for failure in failures)


def test_asyncio(pytester: pytest.Pytester) -> None:
    """A coroutine's executor is one more thread; tasks share theirs, and a fixture runs in a task of its own."""
    pytest.importorskip("pytest_asyncio", reason="comes with the extra test")
    done = run_suite(
        pytester,
        """
        import asyncio
        import pytest_asyncio

        @pytest.mark.asyncio
        async def test_executor():
            await asyncio.get_running_loop().run_in_executor(None, swallow, Account())

        @pytest.mark.asyncio
        async def test_nobody_awaits():
            asyncio.get_running_loop().run_in_executor(None, touch, Account())

        @pytest.mark.asyncio
        async def test_tasks():
            account = Account()
            await asyncio.gather(*(asyncio.sleep(0, touch(account)) for _ in range(3)))

        async def in_task(account):
            swallow(account)

        @pytest.mark.asyncio
        async def test_other_task():
            await asyncio.create_task(in_task(owned.task_private(Account())))

        @pytest_asyncio.fixture
        async def account():
            account = Account()
            yield account
            touch(account)

        @pytest.mark.asyncio
        async def test_fixture_is_another_task(account):
            owned.task_private(account)
            touch(account)
            owned.move(account).claim()

        @pytest.mark.asyncio
        async def test_fixture_finds_it_private(account):
            owned.task_private(account)
        """,
        "--owned=strict",
        "-o",
        "asyncio_default_fixture_loop_scope=function",
        plugins=("asyncio",),
    )
    assert done.of == {
        "test_executor": "call failed",
        "test_nobody_awaits": "call failed",
        "test_tasks": "passed",
        "test_other_task": "call failed",
        "test_fixture_is_another_task": "passed",
        "test_fixture_finds_it_private": "teardown failed",
    }


def test_unittest(pytester: pytest.Pytester) -> None:
    """Methods, their set-up, and each subtest for itself."""
    done = run_suite(
        pytester,
        """
        import unittest

        class TestCase(unittest.TestCase):
            def test_passes(self):
                pass

            def test_violates(self):
                violate()

            def test_fails_too(self):
                violate()
                self.fail("by itself")

            @unittest.expectedFailure
            def test_expected(self):
                violate()
                self.fail("as expected")

            def test_subtests(self):
                for number in range(3):
                    with self.subTest(number=number):
                        if number == 1:
                            violate()

        class TestSetUp(unittest.TestCase):
            def setUp(self):
                violate()

            def test_one(self):
                pass
        """,
        "--owned=strict",
    )
    assert done.of == {
        "TestCase::test_passes": "passed",
        "TestCase::test_violates": "call failed",
        "TestCase::test_fails_too": "call failed",
        "TestCase::test_expected": "xfailed",
        "TestCase::test_subtests": "call failed",
        "TestSetUp::test_one": "call failed",
    }
    assert "by itself" in done.texts["TestCase::test_fails_too"].partition("and the test itself:")[2]


def test_run_parallel(pytester: pytest.Pytester) -> None:
    """A test on many threads at once: what they share is checked, what each makes for itself is its own."""
    pytest.importorskip("pytest_run_parallel", reason="comes with the extra test")
    done = run_suite(
        pytester,
        """
        COMMON = Account()

        def test_common():
            swallow(COMMON)

        def test_own():
            touch(Account())
        """,
        "--owned=strict",
        "--parallel-threads=3",
        plugins=("run-parallel",),
    )
    assert done.of == {"test_common": "call failed", "test_own": "passed"}
    assert "by 3 threads, 3 times" in done.texts["test_common"]


def test_doctest(pytester: pytest.Pytester) -> None:
    """An example violates as any code does."""
    done = run_suite(
        pytester,
        """
        def example():
            '''
            >>> violate()
            '''

        def harmless():
            '''
            >>> 1 + 1
            2
            '''

        def fails_too():
            '''
            >>> violate()
            >>> 1 + 1
            3
            '''
        """,
        "--owned=strict",
        "--doctest-modules",
    )
    assert done.of == {
        "test_doctest.example": "call failed",
        "test_doctest.harmless": "passed",
        "test_doctest.fails_too": "call failed",
    }
    assert "Expected:" in done.texts["test_doctest.fails_too"].partition("and the test itself:")[2]
