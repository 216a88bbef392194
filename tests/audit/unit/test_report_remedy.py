# SPDX-License-Identifier: MIT
"""The way out of a race follows from what the run showed."""

from pathlib import Path

import attrs
import pytest

from audits import ACCOUNT, Bank
from owned._audit import _gather
from owned._audit._findings import Access, Certainty, Exposure, Findings, Kind, Lock, Place, Race, Thread, Variable


class Source:
    """A file of lines, each a place of its own."""

    def __init__(self, file: Path, *lines: str) -> None:
        self._file = file
        self._lines = lines
        file.write_text("\n".join(lines) + "\n")

    def access(
        self,
        kind: str,
        line: int,
        thread: int,
        *,
        locks: tuple[int, ...] = (),
        function: str = "",
        expression: str = "",
    ) -> Access:
        text = self._lines[line - 1]
        column = text.index(expression) if expression else 0
        end = column + len(expression or text)
        return Access(
            kind, "?", thread, (Place(str(self._file), line, function or f"f{line}", line, column, end),), locks
        )


def _remedy(race: Race, *exposures: Exposure, locks: tuple[Lock, ...] = ()) -> str:
    threads = (Thread(1, "MainThread"), Thread(2, "one"), Thread(3, "other"))
    [told] = _gather.complete([race], Findings(threads=threads, locks=locks, exposures=exposures)).races
    return told.remedy


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)


def test_lock_that_one_of_them_holds(bank: Bank) -> None:
    """Where one of the two holds a lock, the other one is told to take it, and where."""
    remedy = bank.findings().races[0].remedy
    assert remedy.startswith("Take `lock` (made at bank.py:5) at bank.py:15 as well, as thread 'teller-2' did.")
    assert "`share(account, lock=lock)`" in remedy


def test_two_locks_for_one_thing(tmp_path: Path) -> None:
    """Where each holds another lock, they are told to agree."""
    source = Source(tmp_path / "x.py", "self.n += 1", "self.n -= 1", "a = Lock()", "b = Lock()")
    locks = tuple(Lock(number, "Lock", made=source.access("read", line, 1).stack) for number, line in ((1, 3), (2, 4)))
    race = Race(
        Certainty.CERTAIN, ACCOUNT, source.access("update", 1, 2, locks=(1,)), source.access("update", 2, 3, locks=(2,))
    )
    remedy = _remedy(race, locks=locks)
    assert "`a` (made at x.py:3) and `b` (made at x.py:4)" in remedy
    assert "`share(account, lock=a)`" in remedy


def test_two_locks_of_one_line(tmp_path: Path) -> None:
    """Where each thread makes a lock for itself, they are told to make one."""
    source = Source(tmp_path / "x.py", "with Lock(): self.n += 1")
    made = source.access("read", 1, 1).stack
    locks = (Lock(1, "Lock", made=made), Lock(2, "Lock", made=made))
    race = Race(
        Certainty.CERTAIN, ACCOUNT, source.access("update", 1, 2, locks=(1,)), source.access("update", 1, 3, locks=(2,))
    )
    assert _remedy(race, locks=locks).startswith("Each thread took a lock of its own, made at x.py:1: make one lock")


@pytest.mark.parametrize("line", ["hits += 1", "total -= 20  # back", "n |= 4", "count += len(found)"])
def test_counter(tmp_path: Path, line: str) -> None:
    """What counts becomes an AtomicInt."""
    source = Source(tmp_path / "x.py", line)
    race = Race(
        Certainty.CERTAIN,
        Variable(Kind.GLOBAL, "x", "hits"),
        source.access("update", 1, 2),
        source.access("update", 1, 3),
    )
    assert _remedy(race).startswith("Make it an `AtomicInt`, and count by `increment()`")


@pytest.mark.parametrize("line", ["names += more", "text += 'x'", "total += amount"])
def test_what_may_be_no_counter(tmp_path: Path, line: str) -> None:
    """What may be a list or a text does not."""
    source = Source(tmp_path / "x.py", line)
    race = Race(
        Certainty.CERTAIN,
        Variable(Kind.GLOBAL, "x", "names"),
        source.access("update", 1, 2),
        source.access("update", 1, 3),
    )
    assert _remedy(race) == "Take one lock around every access of x.names."


@pytest.mark.parametrize("look", ["if _table is None:", "if name not in _table:", "if not _table:"])
def test_made_on_first_use(tmp_path: Path, look: str) -> None:
    """Look whether it is there, and make it: Lazy."""
    source = Source(tmp_path / "x.py", look, "    _table = make()")
    race = Race(
        Certainty.CERTAIN,
        Variable(Kind.GLOBAL, "x", "_table"),
        source.access("write", 2, 2, function="table"),
        source.access("read", 1, 3, function="table"),
    )
    assert "`Lazy(make)` makes it once" in _remedy(race)


def test_first_look_outside_of_the_lock(tmp_path: Path) -> None:
    """A double check, of which the first is not under the lock."""
    source = Source(tmp_path / "x.py", "if _table is None:", "    _table = make()", "lock = Lock()")
    race = Race(
        Certainty.CERTAIN,
        Variable(Kind.GLOBAL, "x", "_table"),
        source.access("write", 2, 2, function="table", locks=(1,)),
        source.access("read", 1, 3, function="table"),
    )
    remedy = _remedy(race, locks=(Lock(1, "Lock", made=source.access("read", 3, 1).stack),))
    assert remedy.startswith("The first look at x.py:1 is outside of `lock` (made at x.py:3): look inside.")


def test_given_away_and_looked_at(tmp_path: Path) -> None:
    """The main thread looks again at what it has made and given away: move, not join."""
    source = Source(tmp_path / "x.py", "job = Job()", "print(job.owner)", "job.owner = 1")
    race = Race(
        Certainty.CERTAIN,
        Variable(Kind.ATTRIBUTE, "x.Job", "owner"),
        source.access("read", 2, 1, function="main"),
        source.access("write", 3, 2),
        made=source.access("read", 1, 1, function="main").stack,
        maker="MainThread",
    )
    assert "`move(job)`" in _remedy(race)


def test_only_read_once_it_was_there(tmp_path: Path) -> None:
    """What nobody wrote any more once a second thread knew it can be frozen."""
    source = Source(tmp_path / "x.py", "self.value = value", "print(rate.value)")
    variable = Variable(Kind.ATTRIBUTE, "x.TaxRate", "value")
    race = Race(Certainty.CERTAIN, variable, source.access("write", 1, 2), source.access("read", 2, 3))
    assert "`freeze(tax_rate)`" in _remedy(race, Exposure(variable, shared=1, reads=2, races=1))
    assert "freeze" not in _remedy(race, Exposure(variable, shared=1, reads=2, writes=1, races=1))


def test_written_on_after_it_was_given_away(tmp_path: Path) -> None:
    """Where the maker goes on writing, it is told to move the object."""
    source = Source(tmp_path / "x.py", "job = []", "job.append(1)", "job.sort()")
    made = source.access("write", 1, 2, function="produce").stack
    race = Race(
        Certainty.CERTAIN,
        Variable(Kind.CONTAINER, "list", ""),
        source.access("atomic", 2, 2, function="produce", expression="job.append(1)"),
        source.access("write", 3, 3, function="consume", expression="job.sort"),
        made=made,
        maker="one",
    )
    remedy = _remedy(race)
    assert remedy.startswith("Let produce give it away when it is done with it: `move(job)`")


def test_main_thread_does_not_wait(tmp_path: Path) -> None:
    """The main thread looks at what a thread is making: join it."""
    source = Source(tmp_path / "x.py", "results.append(x)", "print(len(results))")
    race = Race(
        Certainty.CERTAIN,
        Variable(Kind.CONTAINER, "list", ""),
        source.access("atomic", 1, 2, expression="results"),
        source.access("read", 2, 1, expression="results"),
    )
    remedy = _remedy(race)
    assert remedy.startswith("Wait for thread 'one' before looking at what it makes: `join()` it")
    assert "`share(results, lock=lock)`" in remedy


def test_otherwise_share(tmp_path: Path) -> None:
    """Where nothing else is known: share, under a lock."""
    source = Source(tmp_path / "x.py", "self.name = name")
    variable = Variable(Kind.ATTRIBUTE, "x.HTTPServer", "name")
    race = Race(Certainty.CERTAIN, variable, source.access("write", 1, 2), source.access("write", 1, 3))
    assert _remedy(race) == "`share(http_server, lock=lock)`, and `with lock:` around every access."


def test_every_race_has_a_way_out(bank: Bank) -> None:
    """None is left without a sentence, and each ends as one."""
    for race in bank.findings().races:
        assert race.remedy.endswith(".")
        assert race.remedy.count("`") % 2 == 0


def test_place_without_a_source(tmp_path: Path) -> None:
    """Where nobody has the source, the advice is general, and there is one."""
    access = Access("write", "?", 2, (Place("<string>", 3, "<module>"),))
    race = Race(Certainty.CERTAIN, Variable(Kind.CONTAINER, "defaultdict", ""), access, attrs.evolve(access, thread=3))
    assert _remedy(race) == "`share(defaultdict, lock=lock)`, and `with lock:` around every access."
