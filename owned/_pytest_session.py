# SPDX-License-Identifier: MIT
"""The pytest plugin at work: it hears of every violation, decides which test it belongs to, and fails that test.

A violation belongs to the test that runs when it happens, whichever thread it happens on. What happens while no test
runs, or too late for the report of its test, fails the session. Nothing here waits for anything in the moment of the
violation: that may be anywhere, in a finalizer, in a signal handler, under any lock.
"""

from __future__ import annotations

import atexit
import gc
import itertools
import json
import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from owned import errors
from owned._children import VARIABLE, Ledger
from owned._modes import Mode, configure, mode
from owned._pytest_allow import Wishes
from owned._pytest_report import Group, Groups, Story, headline, number, plain, summary, tell, write_blocks
from owned._pytest_threads import Starts, wait_for
from owned._records import Violation
from owned._settings import MODE_VARIABLE
from owned._violations import observe

if TYPE_CHECKING:
    import argparse

_KEPT = 1000
"""How many violations of one test are kept; the others are counted."""

_watches = pytest.StashKey["Watch"]()
_started = pytest.StashKey[bool]()


@attrs.define(eq=False)
class Run:
    """A test that is being run.

    Attributes:
        nodeid: the test's name.
        wishes: what its markers ask for.
        left: how many seconds of waiting for its threads are left.
        violations: those of the test that nobody has acknowledged.
        unkept: one entry for each violation beyond those that are kept.
        threads: the threads that were started meanwhile, each with the phase it was started in.
        collects: whether garbage is collected for it.
        after: what to undo when it is over.
    """

    nodeid: str
    wishes: Wishes
    left: float
    violations: list[Violation] = attrs.field(factory=list)
    unkept: list[None] = attrs.field(factory=list)
    threads: list[tuple[weakref.ref[threading.Thread], str]] = attrs.field(factory=list)
    collects: bool = False
    after: ExitStack = attrs.field(factory=ExitStack)

    def alive(self, *phases: str) -> list[threading.Thread]:
        """The threads started in one of these phases that still run."""
        return _alive(ref for ref, phase in self.threads if phase in phases)


def _alive(threads: Iterable[weakref.ref[threading.Thread]]) -> list[threading.Thread]:
    return [thread for ref in threads if (thread := ref()) is not None and thread.is_alive()]


@attrs.frozen
class Found:
    """A violation, and whose it is: the test that was running, and the one that started its thread."""

    violation: Violation
    run: Run | None
    starter: Run | None

    @property
    def is_allowed(self) -> bool:
        """Whether a marker says that it may happen. A thread's starter has a say only where no test runs."""
        run = self.run or self.starter
        return run is not None and run.wishes.allow(self.violation)


def start(config: pytest.Config, options: argparse.Namespace) -> None:
    """Do what the command line or the ini file asks for, once; undone when ``config`` goes out of use.

    Args:
        config: of the session.
        options: the command line as far as it is known.

    Raises:
        pytest.UsageError: A setting has a value without a meaning.
    """
    if config.stash.get(_started, False):
        return
    config.stash[_started] = True
    wanted = getattr(options, "owned", None) or config.getini("owned")
    if wanted not in tuple(Mode):
        raise pytest.UsageError(f"`owned` in the ini file must be one of {', '.join(Mode)}, got {wanted!r}")
    if wanted == Mode.OFF:
        undo = ExitStack()
        undo.enter_context(_session_mode(wanted))
        config.add_cleanup(undo.close)
    else:
        _begin(config, wanted)


def watch_on_demand(config: pytest.Config) -> Watch:
    """The watch of the session; where none was asked for, one that watches only the tests that ask for it."""
    return config.stash.get(_watches, None) or _begin(config, None)


def _begin(config: pytest.Config, wanted: str | None) -> Watch:
    watch = Watch(config, wanted)
    config.stash[_watches] = watch
    config.add_cleanup(watch.stop)
    config.pluginmanager.register(watch, "owned-watch")
    return watch


@contextmanager
def _session_mode(wanted: str) -> Iterator[None]:
    """Have this process and those that it starts in a mode."""
    try:
        configured = configure(mode=wanted)
    except RuntimeError as error:
        raise pytest.UsageError(f"mode {wanted} comes too late: {error}") from None
    before = _set_variable(MODE_VARIABLE, wanted)
    try:
        yield
    finally:
        _set_variable(MODE_VARIABLE, before)
        with suppress(RuntimeError):  # what was made in mode off, or in another, stays as it is
            configured.__exit__(None, None, None)


@contextmanager
def _little_to_collect() -> Iterator[None]:
    """Let the collector look only at what is made from now on: a look at everything may cost more than the test."""
    if gc.get_freeze_count():  # somebody else does so, and there is only one such place
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class Watch:
    """A session that is watched. It is a plugin of its own, registered only when it is needed.

    Args:
        config: of the session.
        wanted: the session's mode; None to watch only the tests that ask for it, in the mode that is.
    """

    def __init__(self, config: pytest.Config, wanted: str | None) -> None:
        self._config = config
        self._asked = wanted is not None
        self._process = os.getpid()
        self._main = threading.get_ident()
        self._timeout = _seconds(config)
        self._collect = _yes_no(config)
        self._now: tuple[Run | None, str] = (None, "")
        self._in_wide_fixture = 0
        self._inbox: deque[Found] = deque()
        self._late: list[Found] = []
        self._lingering: list[weakref.ref[threading.Thread]] = []
        self._seen = Groups()  # those of reports that have come in, and of other processes
        self._seen_late = Groups()
        self._children = Children()
        self._status = 0
        self._undo = ExitStack()
        self._starts = Starts(self._starting, self._has_started)
        self._undo.callback(self._starts.stop)
        self._has_last_word = self._asked and _ends_the_process()
        if self._has_last_word:
            atexit.register(self._speak_last)
        if wanted is not None:
            self._undo.enter_context(configure(mode=wanted))
            self._undo.callback(
                _set_variable, MODE_VARIABLE, _set_variable(MODE_VARIABLE, wanted)
            )  # for child processes
        self._undo.enter_context(observe(self.see))

    def stop(self) -> None:
        """Undo everything, unless the process ends with this session: then the watch goes on to its very end."""
        self._end_run()  # of a test that was interrupted
        if not self._has_last_word:
            self._children.close()
            self._undo.close()

    # ---- in the moment of a violation --------------------------------------------------------------------------------

    def see(self, error: errors.OwnershipError) -> None:
        """Take in a violation; for `observe`.

        Threads:
            Any; on the thread of the violation. Does not wait.
        """
        violation = error.violation
        if violation is None:
            return
        if os.getpid() != self._process:  # a child that was forked has a copy of us, which nobody asks
            self._children.tell(violation)
            return
        self._take(violation, self._starts.who_started(threading.current_thread()))

    def _take(self, violation: Violation, starter: Run | None) -> None:
        run, _ = self._now
        if run is None and not self._asked:
            return
        kept: Any = self._inbox if run is None else run.violations
        if len(kept) < _KEPT:
            if run is not None:
                run.violations.append(violation)
            self._inbox.append(Found(violation, run, starter))
        elif run is not None:
            run.unkept.append(None)

    # ---- threads -----------------------------------------------------------------------------------------------------

    def _starting(self) -> Run | None:
        return self._now[0] or self._starts.who_started(threading.current_thread())

    def _has_started(self, thread: threading.Thread) -> None:
        run, phase = self._now
        if self._in_wide_fixture and threading.get_ident() == self._main:
            phase = "wide fixture"  # it is there for other tests as well
        if run is not None:
            run.threads.append((weakref.ref(thread), phase))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Remember that what is started now outlives the test."""
        is_wide = fixturedef.scope != "function"
        self._in_wide_fixture += is_wide
        try:
            return (yield)
        finally:
            self._in_wide_fixture -= is_wide

    # ---- a test ------------------------------------------------------------------------------------------------------

    def run_of(self, item: pytest.Item) -> Run:
        """The run of a test that is being run, watched from now on if it was not."""
        run = self._now[0]
        return run if run is not None and run.nodeid == item.nodeid else self._begin_run(item, Wishes.of(item))

    def _begin_run(self, item: pytest.Item, wishes: Wishes) -> Run:
        self._end_run()
        run = Run(item.nodeid, wishes, self._timeout)
        self._now = (run, "setup")
        return run

    def _end_run(self) -> None:
        run, _ = self._now
        self._now = (None, "")
        if run is not None:
            run.after.close()
            self._lingering += [weakref.ref(thread) for thread in run.alive("setup", "call", "teardown")]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin to watch a test."""
        complaint: str | None = None
        if self._asked:
            self._children.read_into(self._take)  # of whoever came too late for the test before
            wishes = Wishes(None, ())
            try:
                wishes = Wishes.of(item)
            except ValueError as error:
                complaint = f"@pytest.mark.owned: {error}"
            run = self._begin_run(item, wishes)
            if wishes.mode is not None:
                run.after.enter_context(configure(mode=wishes.mode))
            if mode() is Mode.STRICT if self._collect is None else self._collect:
                run.collects = True
                run.after.enter_context(_little_to_collect())
        result = yield
        if complaint is not None:  # not before: what other plugins tear down has to be set up
            pytest.fail(complaint, pytrace=False)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Wait for the threads that the test itself has started, while its fixtures are still there."""
        self._now = (self._now[0], "call")
        return (yield from self._waiting("call"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Wait for the threads of its fixtures, too."""
        self._now = (self._now[0], "teardown")
        return (yield from self._waiting("setup", "call", "teardown"))

    def _waiting(self, *phases: str) -> Generator[None, object, object]:
        try:
            result = yield
        except (KeyboardInterrupt, pytest.exit.Exception):
            raise
        except BaseException:
            self._wait(phases)
            raise
        self._wait(phases)
        return result

    def _wait(self, phases: tuple[str, ...]) -> None:
        run = self._now[0]
        if run is None:
            return
        run.left = wait_for(lambda: run.alive(*phases), run.left)
        if run.collects:
            gc.collect()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Fail the report of a phase in which a violation happened.

        It gives the phase an exception, as close to pytest's own making of the report as can be: what pytest makes of
        ``xfail`` and its ``raises``, and other plugins of failures, then holds for violations as well.
        """
        run, _ = self._now
        found = Groups() if run is None or run.nodeid != item.nodeid else self._settle(run)
        failure: pytest.ExceptionInfo[BaseException] | None = None
        if found and (call.excinfo is None or call.excinfo.errisinstance(pytest.skip.Exception)):
            call.excinfo = failure = _failure(found.to_list()[0].violation)
        report = yield
        if found and run is not None:
            is_ours = failure is not None and call.excinfo is failure
            story: Any = Story(found, len(run.unkept), None if is_ours else report.longrepr)
            report.longrepr = story
            report.outcome = "failed"
            report.owned = [group.to_dict() for group in found.to_list()]  # type: ignore[attr-defined]
        if run is not None and call.when == "teardown":
            self._end_run()
        return report

    def _settle(self, run: Run) -> Groups:
        """What the test has to answer for since the last time."""
        self._children.read_into(self._take)
        groups = Groups()
        unacknowledged = {id(violation) for violation in run.violations}
        for found in self._drain():
            if found.run is not run:
                self._late.append(found)
            elif id(found.violation) in unacknowledged and not found.is_allowed:
                groups.add(found.violation, _name(found.starter), _name(run))
        return groups

    def _drain(self) -> Iterator[Found]:
        while self._inbox:
            yield self._inbox.popleft()

    # ---- the session -------------------------------------------------------------------------------------------------

    def pytest_sessionstart(self) -> None:
        """Let the processes that tests start tell us. With pytest-xdist the workers do that, each for its own tests."""
        if self._asked and not self._config.pluginmanager.has_plugin("dsession"):
            self._children.open()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what a report tells, of this process or of another."""
        if not hasattr(report, "wasxfail"):
            for facts in getattr(report, "owned", ()):
                self._seen.merge(Group.from_dict(facts))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker process has seen outside of its tests."""
        told = getattr(node, "workeroutput", {}).get("owned")
        for facts in json.loads(told) if told else ():
            self._seen_late.merge(Group.from_dict(facts))

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Fail the session for what happened outside of its tests."""
        result = yield
        if self._asked:
            wait_for(lambda: _alive(self._lingering), self._timeout)
            for group in self._gather_late().to_list():
                self._seen_late.merge(group)
            if hasattr(self._config, "workeroutput"):
                told = json.dumps([group.to_dict() for group in self._seen_late.to_list()])
                self._config.workeroutput["owned"] = told
            if self._seen_late and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._status = int(session.exitstatus)
        return result

    def _gather_late(self) -> Groups:
        self._children.read_into(self._take)
        self._late += self._drain()
        late, self._late = self._late, []
        groups = Groups()
        for found in late:
            if not found.is_allowed and (found.run is None or any(v is found.violation for v in found.run.violations)):
                groups.add(found.violation, _name(found.starter), _name(found.run))
        return groups

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell what happened outside of the tests in full, and all of it in a few lines."""
        if self._seen_late:
            terminalreporter.section("owned: outside of any test", sep="=", red=True, bold=True)
            write_blocks(terminalreporter, tell(self._seen_late, with_tests=True))
        everything = Groups([*self._seen.to_list(), *self._seen_late.to_list()])
        if everything:
            terminalreporter.section(f"owned: {headline(everything)}", sep="=", red=True)
            for line in summary(everything):
                terminalreporter.line(line)
            if self._seen_late:
                happened = number(self._seen_late.total, "violation")
                terminalreporter.line(f"{happened} outside of any test: the session has failed", red=True, bold=True)

    def _speak_last(self) -> None:
        """When the process ends: tell what happened after the session's end, and let the process fail for it.

        Nothing but leaving at once can change the exit status by now.
        """
        if os.getpid() != self._process:
            return
        groups = self._gather_late()
        self._children.close()
        if not groups:
            return
        lines = [f"owned: {headline(groups)} after the end of the session"]
        lines += plain(tell(groups, with_tests=True))
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # it may be closed, or None, and the status must be set all the same
                stream.flush()
        os.write(2, ("\n".join(lines) + "\n").encode(errors="backslashreplace"))
        os._exit(self._status or 1)


class Children:
    """What the processes tell that tests start: forked ones, those of multiprocessing, Python programs."""

    def __init__(self) -> None:
        self._ledger: Ledger | None = None
        self._before: str | None = None
        self._count = 0
        self._size = 0
        self._numbers = itertools.count()

    def open(self) -> None:
        """Tell them where to."""
        self._before = os.environ.get(VARIABLE)
        self._ledger = Ledger.create()

    def close(self) -> None:
        """Forget them."""
        if self._ledger is not None:
            self._ledger.remove()
            self._ledger = None
            if self._before is not None:
                os.environ[VARIABLE] = self._before

    def tell(self, violation: Violation) -> None:
        """In a forked child: tell the parent."""
        if self._ledger is not None:
            self._ledger.append(next(self._numbers), violation.toucher, violation.to_dict())

    def read_into(self, take: Any) -> None:
        """Pass on what has come since the last time, as ``take(violation, None)``."""
        if self._ledger is None or (size := self._ledger.size()) == self._size:
            return
        self._size = size
        for thread, facts in itertools.islice(self._ledger.entries(), self._count, None):
            self._count += 1
            take(attrs.evolve(Violation.from_dict(facts), toucher=thread), None)


def _set_variable(name: str, value: str | None) -> str | None:
    """Set or remove an environment variable.

    Returns:
        What it was before.
    """
    before = os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value
    return before


def _name(run: Run | None) -> str | None:
    return None if run is None else run.nodeid


def _failure(violation: Violation) -> pytest.ExceptionInfo[BaseException]:
    """The violation as an exception that a phase has ended with."""
    kind = getattr(errors, violation.error, errors.OwnershipError)
    try:
        raise kind(violation.message)
    except errors.OwnershipError as error:
        return pytest.ExceptionInfo.from_exception(error)


def _seconds(config: pytest.Config) -> float:
    text = config.getini("owned_join_timeout")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise pytest.UsageError(f"`owned_join_timeout` must be a number of seconds, got {text!r}")
    return seconds


def _yes_no(config: pytest.Config) -> bool | None:
    text = config.getini("owned_collect")
    if text.lower() in ("true", "yes", "on", "1"):
        return True
    if text.lower() in ("false", "no", "off", "0"):
        return False
    if text:
        raise pytest.UsageError(f"`owned_collect` must be true or false, got {text!r}")
    return None


def _ends_the_process() -> bool:
    """Whether the process ends with this session: pytest is the program, and nobody else reports violations.

    A session inside of a test, and one that a program runs by ``pytest.main()``, leave the process as it was.
    """
    if VARIABLE in os.environ:
        return False
    callers = set()
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        callers.add(frame.f_code.co_name)
        frame = frame.f_back
    return not callers.isdisjoint(("console_main", "_console_main")) and "runtestprotocol" not in callers
