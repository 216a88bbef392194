# SPDX-License-Identifier: MIT
"""Which test a violation fails, and what the test can say to that."""

from __future__ import annotations

import os
import threading

import pytest

import owned
from owned import _violations
from owned._pytest_allow import Wishes
from suites import PRELUDE, run_suite


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
    calls = [line for line in done.texts["test_expected"].splitlines() if line.startswith("    File")]
    assert "in test_expected" in calls[0] and "in touch" in calls[1], "there are no calls of pytest's"
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
        return owned.mode(), threading.Thread.start, _violations._observers, told

    before = look()
    done = run_suite(pytester, "def test_mode(): assert owned.mode() == 'strict'\n", "--owned=strict")
    assert done.of == {"test_mode": "passed"}
    assert look() == before


def test_every_phase_and_every_outcome(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fixtures answer for what they do; a skip hides nothing; an expected failure is a violation as well."""
    monkeypatch.setenv("COLUMNS", "200")
    done = run_suite(
        pytester,
        """
        @pytest.fixture
        def early():
            violate()

        @pytest.fixture
        def late():
            yield
            violate()

        def test_setup(early):
            assert False, "is not reached"

        def test_teardown(late):
            pass

        def test_fails_itself():
            violate()
            assert "apples" == "pears"

        def test_skips():
            violate()
            pytest.skip("no reason")

        @pytest.mark.xfail
        def test_xfail():
            violate()

        @pytest.mark.xfail(strict=True, raises=owned.WrongThreadError)
        def test_xfail_that_error():
            violate()

        @pytest.mark.xfail(raises=owned.FrozenError)
        def test_xfail_another_error():
            violate()

        @pytest.mark.xfail(raises=ZeroDivisionError)
        def test_xfail_for_another_reason():
            violate()
            1 / 0
        """,
        "--owned=checked",
    )
    assert done.of == {
        "test_setup": "setup failed",
        "test_teardown": "teardown failed",
        "test_fails_itself": "call failed",
        "test_skips": "call failed",
        "test_xfail": "xfailed",
        "test_xfail_that_error": "xfailed",
        "test_xfail_another_error": "call failed",
        "test_xfail_for_another_reason": "xfailed",
    }
    story, _, own = done.texts["test_fails_itself"].partition("and the test itself:")
    assert "owned: WrongThreadError" in story and "apples" not in story
    assert "apples" in own and "WrongThreadError" not in own
    assert "FAILED test_every_phase_and_every_outcome.py::test_skips - WrongThreadError: write" in done.output


def test_what_a_test_allows(pytester: pytest.Pytester) -> None:
    """By error, by type, by attribute, on the function and on the class; and nothing more than that."""
    done = run_suite(
        pytester,
        """
        allow = lambda *what: pytest.mark.owned(allow=what[0] if len(what) == 1 else what)

        def test_true():
            violate()
        test_true = allow(True)(test_true)

        @pytest.mark.parametrize("ok", [
            pytest.param(ok, marks=allow(what), id=f"{ok}-{number}")
            for number, (ok, what) in enumerate([
                (True, "WrongThreadError"), (True, "OwnershipError"), (True, owned.WrongThreadError),
                (True, "Account"), (True, "Account.balance"), (True, ("Nothing", "Account.balance")),
                (False, "FrozenError"), (False, owned.LockNotHeldError), (False, "Account.other"), (False, "balance"),
                (False, False), (False, ()),
            ])
        ])
        def test_one(ok):
            violate()

        @allow("FrozenError")
        class TestClass:
            @allow("Account")
            def test_both(self):
                violate()
                account = Account()
                owned.freeze(account)
                swallow(account)

            def test_outer(self):
                violate()
        """,
        "--owned=strict",
    )
    ok = {name for name, outcome in done.of.items() if outcome == "passed"}
    assert ok == {"test_true", "TestClass::test_both"} | {f"test_one[True-{number}]" for number in range(6)}
    assert {outcome for name, outcome in done.of.items() if name not in ok} == {"call failed"}
    assert len(done.of) == 15


@pytest.mark.parametrize("asked", [["--owned=guard"], []], ids=["asked", "not asked"])
def test_fixtures_watch_a_test(pytester: pytest.Pytester, asked: list[str]) -> None:
    """`owned_violations` is the live list, what is taken out of it is acknowledged; `owned_strict` is what it says."""
    done = run_suite(
        pytester,
        """
        def test_acknowledged(owned_violations):
            assert owned_violations == []
            violate()
            [violation] = owned_violations
            assert violation.headline == "write Account.balance"
            owned_violations.clear()

        def test_one_left(owned_violations):
            violate()
            violate()
            del owned_violations[0]

        def test_strict(owned_strict):
            assert owned.mode() == "strict"
            violate()

        def test_after():
            assert owned.mode() == ("guard" if WATCHED else "checked")

        @pytest.mark.owned(mode="strict")
        def test_mode():
            assert owned.mode() == ("strict" if WATCHED else "checked")

        def test_plain():
            violate()
        """.replace("WATCHED", str(bool(asked))),
        *asked,
    )
    assert done.of == {
        "test_acknowledged": "passed",
        "test_one_left": "call failed",
        "test_strict": "call failed",
        "test_after": "passed",
        "test_mode": "passed",
        "test_plain": "call failed" if asked else "passed",
    }
    assert "by thread 'worker'\n" in done.texts["test_one_left"], "one is left, not two"
    assert done.status == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("mode='fast'", "`mode` must be one of 'guard', 'checked', 'strict', got 'fast'"),
        ("allow='WrongTreadErorr', mode='guard'", "got 'WrongTreadErorr', which is no error of owned"),
        ("allow=ValueError", "which is no error of owned"),
        ("allow=3", "`allow` must be True, the name or class of an error"),
        ("'strict'", "it takes `mode` and `allow`, by keyword"),
        ("mode='off'", "`mode` must be one of 'guard', 'checked', 'strict', got 'off'"),
        ("modus='strict'", "it takes `mode` and `allow`, got 'modus'"),
    ],
)
def test_marker_without_a_meaning(arguments: str, complaint: str) -> None:
    """A mistake in the marker is told, never taken for a wish."""

    class Item:
        def iter_markers(self, name: str) -> list[pytest.Mark]:
            return [eval(f"pytest.mark.owned({arguments})").mark]

    with pytest.raises(ValueError) as caught:
        Wishes.of(Item())  # type: ignore[arg-type]
    assert complaint in str(caught.value)


def test_a_wrong_marker_fails_its_test(pytester: pytest.Pytester) -> None:
    """With the complaint and nothing else; the other tests run."""
    done = run_suite(
        pytester,
        """
        @pytest.mark.owned(mode="fast")
        def test_wrong():
            pass

        def test_right():
            pass
        """,
        "--owned=strict",
    )
    assert done.of == {"test_wrong": "setup failed", "test_right": "passed"}
    assert done.texts["test_wrong"].startswith("@pytest.mark.owned: `mode` must be one of")


def test_the_command_line_wins(pytester: pytest.Pytester) -> None:
    """The ini file says how it is, unless the command line does; classes are decorated in that mode already."""
    pytester.makeini("[pytest]\nowned = guard\n")
    source = "MODE = owned.mode()\ndef test_mode(): assert (MODE, owned.mode()) == ({0!r}, {0!r})\n"
    assert run_suite(pytester, source.format("guard")).of == {"test_mode": "passed"}
    done = run_suite(pytester, source.format("strict"), "--owned=strict")
    assert done.of == {"test_mode": "passed"}
    assert "owned: mode strict" in done.output


@pytest.mark.parametrize(
    ("ini", "complaint"),
    [
        ("owned = fast", "`owned` in the ini file must be one of off, guard, checked, strict, got 'fast'"),
        ("owned = strict\nowned_join_timeout = soon", "`owned_join_timeout` must be a number of seconds, got 'soon'"),
        ("owned = strict\nowned_join_timeout = -1", "`owned_join_timeout` must be a number of seconds, got '-1'"),
        ("owned = strict\nowned_collect = often", "`owned_collect` must be true or false, got 'often'"),
    ],
)
def test_wrong_settings(pytester: pytest.Pytester, ini: str, complaint: str) -> None:
    """A setting without a meaning ends the session before it begins."""
    pytester.makeini(f"[pytest]\n{ini}\n")
    done = pytester.runpytest_inprocess()
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert complaint in done.stderr.str()
    assert owned.mode() == "checked"


def test_loaded_by_name(pytester: pytest.Pytester) -> None:
    """By its module's name, where it is there anyway as entry point, and from a conftest.py."""
    pytester.makepyfile(PRELUDE + "def test_violates(): violate()\n")
    options = ("-p", "no:asyncio", "-p", "no:hypothesispytest", "--owned=strict")
    pytester.runpytest_inprocess("-p", "owned.pytest_plugin", *options).assert_outcomes(failed=1)
    pytester.makeconftest("pytest_plugins = ['owned.pytest_plugin']")
    pytester.runpytest_inprocess(*options).assert_outcomes(failed=1)


def test_many_violations(pytester: pytest.Pytester) -> None:
    """Equal ones are counted, a few different ones are told, and memory is not filled."""
    done = run_suite(
        pytester,
        """
        def test_often():
            for _ in range(3):
                violate()

        def test_everywhere():
            scope = {"swallow": swallow}
            for number in range(8):
                source = "\\n" * number + "account.balance"
                code = compile(source, "made-up.py", "exec")
                account = Account()
                def work():
                    try:
                        exec(code, {"account": account})
                    except owned.OwnershipError:
                        pass
                on_a_thread(work)

        def test_very_often(owned_violations):
            account = Account()
            on_a_thread(lambda: [swallow(account) for _ in range(1010)])
            assert len(owned_violations) == 1000
        """,
        "--owned=checked",
    )
    assert done.texts["test_often"].startswith(
        "owned: WrongThreadError: write Account.balance, by thread 'worker', 3 times"
    )
    assert done.texts["test_everywhere"].count("owned: WrongThreadError") == 5
    assert "and more  3 violations of 3 other kinds" in done.texts["test_everywhere"]
    assert "1,000 times" in done.texts["test_very_often"]
    assert "10 violations beyond those that are kept" in done.texts["test_very_often"]
