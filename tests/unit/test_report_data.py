# SPDX-License-Identifier: MIT
"""What a test run's report is made of: gathered from all threads, bounded, plain, merged from several processes."""

import gc
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import owned
import reports
from owned import _core, _report_data
from owned._report_data import Collector, merge, nearest
from reports import Account, deposit, on_thread, racy


def document_of(*steps: Any) -> dict[str, Any]:
    with Collector("run") as collector:
        for number, step in enumerate(steps):
            on_thread(f"t{number}", *step)
        return collector.document()


def test_mistakes_are_counted_not_repeated() -> None:
    """One entry per mistake, with its count, threads and tests."""
    write, read = racy()["violations"]
    assert (write["error"], write["touch"], write["count"]) == ("WrongThreadError", "write Account.balance", 4)
    assert write["threads"] == ["teller-1", "teller-2"]
    assert write["tests"] == ["test_bank.py::test_deposit"]
    assert (read["error"], read["count"], read["threads"]) == ("LockNotHeldError", 1, ["teller-1"])


def test_document_is_plain_data() -> None:
    """JSON gives back the very same document, so it travels between processes."""
    document = racy()
    assert json.loads(json.dumps(document)) == document


def test_moments_are_within_the_test_that_is_within_the_run() -> None:
    """Every violation has a time on the clock of the run."""
    document = racy()
    [test] = document["tests"]
    moments = [moment for entry in document["violations"] for moment in entry["moments"]]
    assert len(moments) == test["violations"] == 5
    clock = document["clock"]
    for moment in moments:
        assert clock["first_ns"] <= test["start_ns"] <= moment["ns"] <= test["end_ns"] <= clock["last_ns"]


def test_only_running_tests_are_named() -> None:
    """A test that is over, or has no violation, is named in none."""
    account = Account()
    with Collector("run") as collector:
        collector.test_began("a")
        collector.test_ended("a")
        collector.test_began("b")
        on_thread("t", deposit, account)
        collector.test_ended("b")
        on_thread("t", deposit, account)
        document = collector.document()
    [entry] = document["violations"]
    assert (entry["count"], entry["tests"]) == (2, ["b"])
    assert [test["id"] for test in document["tests"]] == ["b"]
    assert document["tests_run"] == 2


def test_excerpts_of_the_touch_and_its_callers() -> None:
    """The source around the touch, the calls and the call of share is there; that of libraries is not."""
    _, read = racy()["violations"]
    touch = read["excerpts"][f"{reports.__file__}:{read['line']}"]
    assert touch["lines"][read["line"] - touch["first"]].strip() == "account.balance"
    record = read["record"]
    shared = read["excerpts"][f"{record['file']}:{record['line']}"]
    assert "share(Account(), lock=RLock())" in shared["lines"][record["line"] - shared["first"]]
    assert not [place for place in read["excerpts"] if place.startswith(threading.__file__)]


def test_source_that_is_deleted_after_its_test(tmp_path: Path) -> None:
    """Sources are read when the test is over, not at the end of the run."""
    file = tmp_path / "gone.py"
    file.write_text("def touch(account):\n    account.balance = 7\n")
    names: dict[str, Any] = {}
    exec(compile(file.read_text(), str(file), "exec"), names)

    def touch(account: Account) -> None:
        with pytest.raises(owned.WrongThreadError):
            names["touch"](account)

    with Collector("run") as collector:
        collector.test_began("a")
        on_thread("t", touch, Account())
        collector.test_ended("a")
        file.unlink()
        [entry] = collector.document()["violations"]
    assert entry["excerpts"][f"{file}:2"]["lines"][1] == "    account.balance = 7"


def test_threads_are_known_after_their_end() -> None:
    """Who touched and who owned is listed, by name."""
    threads = {thread["name"]: thread for thread in racy()["threads"]}
    assert threads["teller-2"]["finished"]
    assert not threads[threading.current_thread().name]["finished"]


def test_objects_know_their_violations() -> None:
    """Each object that was touched is listed once, with the call that shared it."""
    private, shared = racy()["objects"]
    assert (private["state"], private["violations"]) == ("private", [0])
    assert (shared["state"], shared["violations"]) == ("shared", [1])
    assert [step["verb"] for step in shared["life"]] == ["share"]


def test_nothing_is_lost_among_threads() -> None:
    """Threads that violate at once are counted, each of them."""
    account, barrier = Account(), threading.Barrier(8)

    def work() -> None:
        barrier.wait(30)
        deposit(account, 100)

    with Collector("run") as collector:
        threads = [threading.Thread(target=work, name=f"w{number}") for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        [entry] = collector.document()["violations"]
    assert entry["count"] == 800
    assert entry["threads"] == [f"w{number}" for number in range(8)]


def test_finalizer_that_violates_while_the_document_is_made() -> None:
    """A violation in the middle of our own work waits for nothing and is counted."""
    account = Account()
    errors: list[BaseException] = []

    class Late:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            deposit(account)

    def work() -> None:
        try:
            thresholds = gc.get_threshold()
            gc.set_threshold(1)
            try:
                for _ in range(20):
                    Late()
                    collector.document()
            finally:
                gc.set_threshold(*thresholds)
            gc.collect()
        except BaseException as error:
            errors.append(error)

    with Collector("run") as collector:
        on_thread("t", work)
        [entry] = collector.document()["violations"]
    assert errors == []
    assert entry["count"] == 20


def test_stopped_collector_hears_nothing() -> None:
    """What happens after stop() is not in the document."""
    collector = Collector("run")
    collector.start()
    collector.stop()
    on_thread("t", deposit, Account())
    assert collector.document()["violations"] == []


def test_mistakes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is counted as left out."""
    monkeypatch.setattr(_report_data, "_MISTAKES", 1)
    document = document_of((deposit, Account(), 2), (reports.look, Account()))
    assert [entry["count"] for entry in document["violations"]] == [2]
    assert document["left_out"]["violations"] == 1


def test_moments_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first times are kept; the count goes on."""
    monkeypatch.setattr(_report_data, "_MOMENTS", 3)
    [entry] = document_of((deposit, Account(), 5))["violations"]
    assert (entry["count"], len(entry["moments"])) == (5, 3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_child_of_a_fork_is_left_alone() -> None:
    """Violations in a forked child neither hang nor count here."""
    account = Account()
    with Collector("run") as collector:
        child = os.fork()
        if child == 0:
            on_thread("t", deposit, account)
            os._exit(len(collector._mistakes) + len(collector._waiting))
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert collector.document()["violations"] == []


def test_warnings_are_counted() -> None:
    """A warning at one place is one entry."""
    collector = Collector("run")
    collector.warned("AliasWarning", "known elsewhere", "a.py", 3)
    collector.warned("AliasWarning", "known elsewhere", "a.py", 3)
    collector.warned("AliasWarning", "known elsewhere", "a.py", 4)
    assert [(entry["line"], entry["count"]) for entry in collector.document()["warnings"]] == [(3, 2), (4, 1)]


# ---- holds of locks --------------------------------------------------------------------------------------------------


def test_holds_become_locks_threads_and_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the core records is in the document; a lock that is still held is held until now."""
    asked: list[int] = []
    ring = [
        (4, "RLock", 0x40, 70, "w1", 100, 200),
        (9, "Lock", 0x90, 71, "w2", 150, None),
        (4, "RLock", 0x40, 71, "w2", 300, 400),
    ]
    monkeypatch.setattr(_core, "record_holds", asked.append)
    monkeypatch.setattr(_core, "lock_holds", lambda: ring)
    with Collector("run") as collector:
        collector._first_ns = 0
        document = collector.document()
    assert asked == [_report_data.HOLDS_RECORDED, 0]
    assert [(lock["id"], lock["name"], lock["acquisitions"]) for lock in document["locks"]] == [
        (4, "RLock 4", 2),
        (9, "Lock 9", 1),
    ]
    assert [(thread["id"], thread["name"]) for thread in document["threads"]] == [(70, "w1"), (71, "w2")]
    assert [(hold["lock"], hold["thread"], hold["start_ns"]) for hold in document["holds"]] == [
        (4, 70, 100),
        (9, 71, 150),
        (4, 71, 300),
    ]
    assert document["holds"][1]["end_ns"] == document["clock"]["last_ns"]


def test_holds_around_a_violation_outlive_the_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds of a test with violations are kept although the core has forgotten them at the end of the run."""
    ring: list[Any] = []
    monkeypatch.setattr(_core, "record_holds", lambda capacity: None)
    monkeypatch.setattr(_core, "lock_holds", lambda: list(ring))
    with Collector("run") as collector:
        collector.test_began("guilty")
        on_thread("t", deposit, Account())
        now = _report_data.time.monotonic_ns()
        ring.append((1, "Lock", 0x10, 5, "t", now, now + 1))
        collector.test_ended("guilty")
        collector.test_began("innocent")
        ring[:] = [(2, "Lock", 0x20, 5, "t", now + 5, now + 6)]
        collector.test_ended("innocent")
        ring.clear()
        assert [hold["lock"] for hold in collector.document()["holds"]] == [1]


def test_moment_knows_the_lock_that_guards() -> None:
    """In strict mode holds are recorded, and a violation says which of those locks it should have held."""
    lock = owned.RLock()
    account = owned.share(Account(), lock=lock)
    with owned.strict(), Collector("run") as collector:
        for _ in range(3):
            with owned.Lock():
                pass
            with lock:
                on_thread("t", reports.look, account)
        document = collector.document()
    [entry] = document["violations"]
    guards = {moment["lock"] for moment in entry["moments"]}
    holds = [hold for hold in document["holds"] if hold["lock"] in guards]
    assert len(guards) == 1
    assert len(holds) == 3
    for moment, hold in zip(entry["moments"], holds, strict=True):
        assert hold["start_ns"] < moment["ns"] < hold["end_ns"]
    assert [lock["acquisitions"] for lock in document["locks"] if lock["id"] in guards] == [3]


def test_address_that_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two locks may have had one address: the one that was held nearest to the violation is meant."""
    lock = owned.RLock()
    account = owned.share(Account(), lock=lock)
    ring: list[Any] = []
    monkeypatch.setattr(_core, "lock_holds", lambda: list(ring))
    with Collector("run") as collector:
        on_thread("t", reports.look, account)
        now = _report_data.time.monotonic_ns()
        ring += [
            (1, "RLock", id(lock), 5, "t", now, now + 1),
            (2, "RLock", id(lock), 5, "t", now + 10**9, now + 10**9 + 1),
        ]
        [entry] = collector.document()["violations"]
    assert [moment["lock"] for moment in entry["moments"]] == [1]


def test_holds_are_recorded_only_while_on() -> None:
    """Outside of start() and stop() the core keeps nothing."""
    with owned.strict():
        collector = Collector("run")
        with collector, owned.Lock():
            pass
        with owned.Lock():
            pass
        assert _core.lock_holds() == []
    assert len(collector.document()["holds"]) == 1


def test_nearest() -> None:
    """The items nearest to a moment are chosen, in order; without moments the last ones."""
    assert nearest([1, 5, 9, 12, 40, 41], [10, 42], 4, int) == [9, 12, 40, 41]
    assert nearest([3, 1, 2], [], 2, int) == [2, 3]
    assert nearest([3, 1, 2], [1], 5, int) == [1, 2, 3]


# ---- several processes -----------------------------------------------------------------------------------------------


def test_merge_joins_mistakes_and_keeps_processes_apart() -> None:
    """The same mistake in two workers is one entry; their clocks, threads and tests stand side by side."""
    merged = merge([racy(process="gw0", test="a"), racy(process="gw1", test="b")])
    write, read = merged["violations"]
    assert (write["count"], write["tests"], read["count"]) == (8, ["a", "b"], 2)
    assert {moment["process"] for moment in write["moments"]} == {"gw0", "gw1"}
    assert [process["process"] for process in merged["processes"]] == ["gw0", "gw1"]
    assert [(test["id"], test["process"]) for test in merged["tests"]] == [("a", "gw0"), ("b", "gw1")]
    assert merged["tests_run"] == 2
    assert [thing["violations"] for thing in merged["objects"]] == [[0], [1], [0], [1]]


def test_merge_keeps_what_only_one_has() -> None:
    """A mistake of the second process keeps its object, under its new number."""
    first, second = document_of((reports.look, Account())), racy()
    merged = merge([first, second])
    assert [entry["count"] for entry in merged["violations"]] == [1, 4, 1]
    assert [thing["violations"] for thing in merged["objects"]] == [[0], [1], [2]]


def test_merge_adds_up_warnings() -> None:
    """A warning that two processes had is one entry."""
    documents = []
    for process in ("gw0", "gw1"):
        collector = Collector("run", process=process)
        collector.warned("AliasWarning", "known elsewhere", "a.py", 3)
        documents.append(collector.document())
    [warning] = merge(documents)["warnings"]
    assert warning["count"] == 2


def test_merge_of_nothing() -> None:
    """There is no document of no processes."""
    with pytest.raises(ValueError, match="no document"):
        merge([])


def test_format_is_documented() -> None:
    """The module's docstring names every key of the document."""
    assert [key for key in racy() if key not in (sys.modules[Collector.__module__].__doc__ or "")] == []
