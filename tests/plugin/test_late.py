# SPDX-License-Identifier: MIT
"""Threads and processes that a test leaves behind, and what happens outside of any test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from commandline import run_python
from suites import ALONE, PRELUDE, run_suite


def test_outside_of_any_test(pytester: pytest.Pytester) -> None:
    """While a module is imported, and after the report of the last test: the session fails, and tells whose it was."""
    pytester.makeini("[pytest]\nowned_join_timeout = 0\n")
    pytester.makeconftest(
        """
        def pytest_runtest_logfinish(nodeid):
            import test_outside_of_any_test as module
            if nodeid.endswith("test_leaves_a_thread"):
                module.go.set()
                module.left.join()
        """
    )
    done = run_suite(
        pytester,
        """
        go, left = threading.Event(), None
        on_a_thread(swallow, Account())

        def work(account):
            go.wait()
            try:
                account.balance = 2
            except owned.OwnershipError:
                pass

        def test_leaves_a_thread():
            global left
            left = threading.Thread(target=work, args=[Account()], name="left")
            left.start()

        def test_innocent():
            pass
        """,
        "--owned=strict",
        "--import-mode=prepend",
    )
    assert done.of == {"test_leaves_a_thread": "passed", "test_innocent": "passed"}
    assert done.status == 1
    outside = done.output.partition("owned: outside of any test")[2]
    assert "owned: WrongThreadError: write Account.balance, by thread 'worker'" in outside
    assert "thread 'left', started by test_outside_of_any_test.py::test_leaves_a_thread" in outside
    assert "2 violations outside of any test: the session has failed" in outside


def test_a_thread_of_an_earlier_test(pytester: pytest.Pytester) -> None:
    """It fails the test that runs when it happens, and the report names the test that started it."""
    pytester.makeini("[pytest]\nowned_join_timeout = 0\n")
    done = run_suite(
        pytester,
        """
        go, threads = threading.Event(), []

        def work(account):
            go.wait()
            swallow(account)

        def test_leaves_a_thread():
            threads.append(threading.Thread(target=work, args=[Account()], name="left"))
            threads[0].start()

        def test_meets_it():
            go.set()
            threads[0].join()
        """,
        "--owned=strict",
    )
    assert done.of == {"test_leaves_a_thread": "passed", "test_meets_it": "call failed"}
    assert (
        "thread 'left', started by test_a_thread_of_an_earlier_test.py::test_leaves_a_th" in done.texts["test_meets_it"]
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_processes(pytester: pytest.Pytester) -> None:
    """A forked child and a Python program that a test starts fail the test."""
    program = PRELUDE.replace("import pytest\n", "") + "violate()\n"
    Path(pytester.path, "program.py").write_text(program)
    done = run_suite(
        pytester,
        """
        import os, subprocess, sys

        def test_forks():
            account = Account()
            child = os.fork()
            if child == 0:
                try:
                    on_a_thread(swallow, account)
                finally:
                    os._exit(0)
            os.waitpid(child, 0)

        def test_starts_a_program():
            subprocess.run([sys.executable, "program.py"], check=True, timeout=60)

        def test_nothing():
            pass
        """,
        "--owned=strict",
        "-W",
        "ignore::DeprecationWarning",  # the outer session may have threads
    )
    assert done.of == {"test_forks": "call failed", "test_starts_a_program": "call failed", "test_nothing": "passed"}


def test_after_the_session(tmp_path: Path) -> None:
    """Threads that outlive pytest and atexit functions make the process fail."""
    (tmp_path / "test_end.py").write_text(
        PRELUDE
        + """
import atexit

def test_registers():
    made = []
    on_a_thread(lambda: made.append(Account()))
    atexit.register(swallow, made[0])

def test_leaves_a_thread():
    main = threading.main_thread()
    def work(account):
        main.join()
        account.balance = 2
    threading.Thread(target=work, args=[Account()], name="left").start()
"""
    )
    options = ("-q", "-p", "owned.pytest_plugin", "-p", "no:cacheprovider", "-o", "owned_join_timeout=0")
    done = run_python("-m", "pytest", "--owned=strict", *options, cwd=tmp_path, **ALONE)
    assert "2 passed" in done.stdout
    assert done.returncode == 1
    assert "owned: 2 violations at 2 sites after the end of the session" in done.stderr
    assert "thread 'left', started by test_end.py::test_leaves_a_thread" in done.stderr


def test_off(tmp_path: Path) -> None:
    """Mode off for a whole session, whatever the ini file says: classes are left as they are, nothing is watched."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nowned = strict\n")
    (tmp_path / "test_off.py").write_text(
        PRELUDE + "def test_violates(): violate()\ndef test_strict(owned_strict): assert False\n"
    )
    done = run_python(
        "-m", "pytest", "--owned=off", "-rs", "-p", "owned", "-p", "no:cacheprovider", cwd=tmp_path, **ALONE
    )
    assert "owned: mode off" in done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    assert "the mode is off" in done.stdout
    assert done.returncode == 0


def test_waiting(pytester: pytest.Pytester) -> None:
    """A test's threads are waited for; those that wait for work are not, nor those of fixtures for other tests."""
    done = run_suite(
        pytester,
        """
        import queue, time
        from concurrent.futures import ThreadPoolExecutor

        kept = []

        @pytest.fixture(scope="module")
        def server():  # the sleeps are the subject: threads that go on by the clock
            stop = threading.Event()
            thread = threading.Thread(target=lambda: [time.sleep(0.01) for _ in iter(stop.is_set, True)])
            thread.start()
            yield
            stop.set()
            thread.join()

        @pytest.fixture
        def pool():
            with ThreadPoolExecutor(1) as pool:
                yield pool

        def test_idle_worker(server):
            pool = ThreadPoolExecutor(1)
            pool.submit(int).result()
            kept.append(pool)

        def test_idle_queue():
            jobs = queue.Queue()
            threading.Thread(target=lambda: [None for _ in iter(jobs.get, None)]).start()
            kept.append(jobs)

        def test_busy_worker_of_a_fixture(pool):
            account = Account()
            pool.submit(lambda: (time.sleep(0.1), swallow(account)))

        def test_chain():
            account = Account()
            threading.Timer(0.02, lambda: threading.Timer(0.02, swallow, [account]).start()).start()

        def test_stop():
            kept[0].shutdown()
            kept[1].put(None)
        """,
        "--owned=strict",
        "-o",
        "owned_join_timeout=30",
        "--durations=0",
    )
    assert done.of == {
        "test_idle_worker": "passed",
        "test_idle_queue": "passed",
        "test_busy_worker_of_a_fixture": "call failed",
        "test_chain": "call failed",
        "test_stop": "passed",
    }
