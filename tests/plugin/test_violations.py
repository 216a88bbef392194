# SPDX-License-Identifier: MIT
"""Which test a violation fails, and what the test can say to that."""

from __future__ import annotations

import os
import threading

import pytest

from owned import _core, _violations
from suites import run_suite


def test_a_violation_fails_its_test_however_it_is_swallowed(pytester: pytest.Pytester) -> None:
    """Threads, pools, callbacks, hooks, finalizers and handlers: whoever drops the exception, the test fails."""
    done = run_suite(
        pytester,
        """
        import gc, signal, sys, weakref
        from concurrent.futures import ThreadPoolExecutor

        def test_nothing():
            account = Account()
            touch(account)
            assert account.balance == 1

        def test_bare_except():
            violate()

        def test_nobody_joins():
            threading.Timer(0.03, swallow, [Account()]).start()

        def test_pool():
            with ThreadPoolExecutor(1) as pool:
                pool.submit(touch, Account())

        def test_done_callback():
            account, go = Account(), threading.Event()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(go.wait).add_done_callback(lambda future: touch(account))
                go.set()

        def test_excepthook(monkeypatch):
            monkeypatch.setattr(threading, "excepthook", lambda args: None)
            on_a_thread(touch, Account())

        def foreign():
            found = []
            on_a_thread(lambda: found.append(Account()))
            return found.pop()

        class Cycle:
            def __init__(self, account):
                self.itself, self.account = self, account
            def __del__(self):
                swallow(self.account)

        def test_finalizer_in_a_cycle():
            account = foreign()
            Cycle(account)

        def test_after_the_cycle():
            gc.collect()

        def test_signal_handler():
            account = foreign()
            before = signal.signal(signal.SIGINT, lambda *args: swallow(account))
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                signal.signal(signal.SIGINT, before)

        def test_expected():
            account = foreign()
            with pytest.raises(owned.OwnershipError):
                touch(account)
        """,
        "--owned=strict",
    )
    assert done.of == {
        "test_nothing": "passed",
        "test_bare_except": "call failed",
        "test_nobody_joins": "call failed",
        "test_pool": "call failed",
        "test_done_callback": "call failed",
        "test_excepthook": "call failed",
        "test_finalizer_in_a_cycle": "call failed",
        "test_after_the_cycle": "passed",
        "test_signal_handler": "call failed",
        "test_expected": "call failed",
    }
    assert done.status == 1
    text = done.texts["test_bare_except"]
    assert text.startswith("owned: WrongThreadError: write Account.balance, by thread 'worker'\n")
    for part in ("private to thread 'MainThread'", "in touch\n        account.balance = 1", "way out   Share it"):
        assert part in text
    assert "owned: mode strict" in done.output
    assert "owned: 8 violations at 1 site" in done.output


def test_not_asked_for_it_does_nothing(pytester: pytest.Pytester) -> None:
    """Without the option a violation is the test's own business, and the marker is known all the same."""
    done = run_suite(
        pytester,
        """
        start = threading.Thread.start

        @pytest.mark.owned(allow=True)
        def test_violates(request):
            violate()
            assert threading.Thread.start is threading.Thread.__dict__["start"]
            assert type(threading.Thread.start).__name__ == "function"
            assert not request.config.pluginmanager.has_plugin("owned-watch")
        """,
        "--strict-markers",
    )
    assert done.of == {"test_violates": "passed"}
    assert "owned:" not in done.output


def test_everything_is_undone(pytester: pytest.Pytester) -> None:
    """A session in a process that goes on leaves the mode, the observers and Thread.start as they were."""

    def look() -> tuple[object, ...]:
        told = {name: value for name, value in os.environ.items() if name.startswith("OWNED")}
        return _core.get_mode(), threading.Thread.start, _violations._observers, told

    before = look()
    done = run_suite(pytester, "def test_mode(): assert owned._core.get_mode() == 3\n", "--owned=strict")
    assert done.of == {"test_mode": "passed"}
    assert look() == before
