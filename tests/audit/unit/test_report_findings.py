# SPDX-License-Identifier: MIT
"""Findings: how they are named, compared between runs, and carried as JSON."""

import json
import threading
from pathlib import Path

import attrs
import pytest

from audits import ACCOUNT, BANK, RATES, TOTAL, Bank
from owned._audit import _gather
from owned._audit._findings import (
    Exposure,
    Findings,
    Kind,
    Lock,
    Place,
    State,
    Status,
    Thread,
    Variable,
    from_dict,
    to_dict,
)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)


@pytest.mark.parametrize(
    ("variable", "short", "words"),
    [
        (ACCOUNT, "Account.balance", "Account.balance"),
        (TOTAL, "bank.total", "the global bank.total"),
        (RATES, "dict['night']", "the item 'night' of a dict"),
        (Variable(Kind.CONTAINER, "OrderedDict", ""), "OrderedDict", "an OrderedDict"),
        (Variable(Kind.CLOSURE, "bank.main.<locals>.make", "n"), "make.n", "the variable n of make()"),
        (Variable(Kind.CLASS_ATTRIBUTE, "bank.Account", "count"), "Account.count", "the class attribute Account.count"),
        (Variable(Kind.GLOBAL, "shop.stock", "left"), "shop.stock.left", "the global shop.stock.left"),
    ],
)
def test_variables_are_named_as_one_would_write_them(variable: Variable, short: str, words: str) -> None:
    """A variable has a short name, and one that says what it is."""
    assert (variable.short, variable.words) == (short, words)


def test_findings_survive_json(bank: Bank) -> None:
    """What a worker process sends is what arrives."""
    findings = bank.findings()
    assert from_dict(Findings, json.loads(json.dumps(to_dict(findings)))) == findings


def test_fingerprint_ignores_what_is_added_above(bank: Bank) -> None:
    """A race is the same one when its lines have moved, and another one when its code has changed."""
    race = bank.findings().races[1]
    before = race.fingerprint(str(bank.folder))
    bank.file.write_text("# a comment\n\n" + BANK)
    moved = [
        attrs.evolve(access, stack=(attrs.evolve(access.place, line=access.place.line + 2),))
        for access in race.accesses
    ]
    again = attrs.evolve(race, first=moved[1], second=moved[0])
    _forget_sources()
    assert again.fingerprint(str(bank.folder)) == before
    bank.file.write_text("# a comment\n\n" + BANK.replace("total += 1", "total += 2"))
    _forget_sources()
    assert again.fingerprint(str(bank.folder)) != before


def _forget_sources() -> None:
    import linecache

    linecache.clearcache()


def test_fingerprint_is_that_of_all_items(bank: Bank) -> None:
    """Which key of a container races first is chance: it is one race, and another than that of the container."""
    race = bank.races()[2]
    root = str(bank.folder)
    other = attrs.evolve(race, variable=attrs.evolve(RATES, name="'day'"))
    whole = attrs.evolve(race, variable=Variable(Kind.CONTAINER, "dict", ""))
    assert race.fingerprint(root) == other.fingerprint(root) != whole.fingerprint(root)
    assert len(_gather.complete([race, other, whole], Findings()).races) == 2


def test_fingerprint_is_that_of_another_checkout(tmp_path: Path) -> None:
    """Files count relative to the folder that the audit ran in."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = Bank(tmp_path / "one"), Bank(tmp_path / "two")
    assert one.races()[0].fingerprint(str(one.folder)) == two.races()[0].fingerprint(str(two.folder))


def test_expression_is_cut_out_of_its_line(bank: Bank) -> None:
    """A place knows its expression, unless it goes over several lines or nobody knows the columns."""
    place = bank.place("self.balance += amount", "Account.deposit", "self.balance")
    assert place.expression == "self.balance"
    assert place.source == "self.balance += amount"
    assert attrs.evolve(place, end_line=place.line + 1).expression == ""
    assert Place(place.file, place.line, "f").expression == ""


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("lock = Lock()", "lock"),
        ("self._lock: Lock = Lock()", "self._lock"),
        ("with Lock() as lock:", "Lock #7"),
        ("lock = make_lock()", "lock"),
        ("threads = [Thread(args=(Lock(),))]", "Lock #7"),
        ("thread = Thread(args=(Lock(),))", "Lock #7"),
        ("locks[3] = Lock()", "Lock #7"),
        ("make(lock=Lock())", "Lock #7"),
    ],
)
def test_lock_is_named_as_the_source_names_it(tmp_path: Path, source: str, name: str) -> None:
    """A lock without a name has that of the variable it is put into where it is made."""
    file = tmp_path / "locks.py"
    file.write_text(source + "\n")
    assert Lock(7, "Lock", made=(Place(str(file), 1, "<module>"),)).name == name


def test_lock_of_a_condition_or_a_dataclass_is_made_by_the_program() -> None:
    """Where a lock is made is the program's line, not that of what makes it for the program."""
    mine = ("bank.py", 3, 3, -1, -1, "f")
    generated = ("<string>", 9, 9, -1, -1, "Bank.__init__")
    condition = (threading.__file__, 245, 245, -1, -1, "Condition.__init__")
    for stack in ((generated, mine), (condition, mine), (condition, generated, mine), (mine, condition)):
        lock = _gather.lock_of((1, "RLock", "", stack, 1, (), 0))
        assert lock.made[0].file == "bank.py"
    assert _gather.lock_of((1, "RLock", "", (generated,), 1, (), 0)).made[0].file == "<string>"


def test_lock_keeps_the_name_that_it_was_given() -> None:
    """A name from the program comes first."""
    assert Lock(7, "Lock", "accounts").name == "accounts"


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, State.PRIVATE),
        ({"shared": 1, "reads": 3}, State.READ_SHARED),
        ({"shared": 1, "writes": 3, "locks": (1,), "ordered_by": ("lock",)}, State.LOCKED),
        ({"shared": 1, "writes": 3, "ordered_by": ("queue",)}, State.HANDED_OVER),
        ({"shared": 1, "writes": 3, "ordered_by": ("container", "nothing")}, State.ATOMIC),
        ({"shared": 1, "writes": 3, "possible": 1}, State.LUCKY),
        ({"shared": 1, "writes": 3, "locks": (1,), "races": 1, "possible": 1}, State.UNPROTECTED),
    ],
)
def test_state_is_the_worst_that_was_seen(facts: dict[str, object], state: State) -> None:
    """The state of a variable follows from how it was touched."""
    assert Exposure(ACCOUNT, **facts).state is state  # type: ignore[arg-type]


def test_threads_of_one_name_have_their_numbers() -> None:
    """Two threads of one name are told apart; others are called as they are."""
    findings = Findings(threads=(Thread(1, "MainThread"), Thread(2, "worker"), Thread(3, "worker")))
    assert [findings.thread_name(number) for number in (1, 2, 3, 9)] == ["MainThread", "worker #2", "worker #3", "#9"]


def test_races_of_one_pair_of_places_are_one(bank: Bank) -> None:
    """The same two lines on another object, or in the other order, add to the count."""
    race = bank.races()[1]
    turned = attrs.evolve(race, first=race.second, second=race.first, count=4)
    [whole] = _gather.complete([race, turned], Findings()).races
    assert whole.count == 5


def test_certain_counts_for_more_than_possible(bank: Bank) -> None:
    """A pair of places that raced for certain once is a certain race."""
    possible, certain = bank.races()[3], attrs.evolve(bank.races()[3], certainty=bank.races()[0].certainty)
    for races in ([possible, certain], [certain, possible]):
        [whole] = _gather.complete(races, Findings()).races
        assert whole.certainty == "certain"


def test_only_new_and_certain_races_count(bank: Bank) -> None:
    """A run fails for certain races that are neither known nor allowed."""
    findings = bank.findings()
    assert len(findings.failing) == 3
    silent = [attrs.evolve(race, status=status) for race, status in zip(findings.races, Status, strict=False)]
    assert [race.counts for race in silent] == [True, False, False]


def test_findings_of_two_processes_are_merged(bank: Bank) -> None:
    """Races of the same places are one, threads and locks stay apart, variables are summed."""
    one = bank.findings()
    whole = _gather.merge([one, one])
    assert len(whole.races) == len(one.races)
    assert whole.races[0].count == 4000
    assert [thread.number for thread in whole.threads] == [1, 2, 3, 4, 5, 6]
    assert whole.thread_name(4) == "MainThread #4"
    assert len(whole.exposures) == len(one.exposures)
    done = next(one for one in whole.exposures if one.variable.name == "done")
    assert (done.objects, done.threads, done.locks, done.state) == (2, (2, 3, 5, 6), (1, 3), State.LOCKED)


def test_detector_columns_become_characters(tmp_path: Path) -> None:
    """The compiler counts bytes, editors count characters."""
    file = tmp_path / "umlauts.py"
    file.write_text('x = {"ä": 1}; x["ä"]\n', encoding="utf-8")
    frame = (str(file), 1, 1, len('x = {"ä": 1}; '.encode()), len('x = {"ä": 1}; x["ä"]'.encode()), "<module>")
    variable = ("item", "dict", "'ä'", 7, "builtins.dict", (), "")
    access = ("read", "[]", (1, "MainThread"), (), (frame,))
    race = _gather.race_of((True, variable, access, access, 1))
    assert race.first.place.expression == 'x["ä"]'
