# SPDX-License-Identifier: MIT
"""Graphs of 10 to a million objects: freezing, thawing, sharing and moving them, and reading what is frozen.

- A graph is a list of records, each an instance with a name, a list of strings and a dict of numbers: three objects.
  Instances, lists and dicts are counted, strings and numbers are not. "Containers" are the same without classes.
- Every time is that of one call on a graph that nobody has seen yet. Making graphs is not measured. What takes long is
  measured once in each process.
- ``cryostasis`` changes the classes of what it freezes in place, as we do; ``gelidum`` is asked to work in place as
  well, which is faster than its default; ``frozendict`` makes frozendicts of instances; ``pyrsistent`` leaves instances
  as they are, so it stands with the containers. ``immutables`` has no deep freeze: its map stands beside others' maps.
  Of the larger graphs those are left out that would take minutes: ``cryostasis`` from 100,000 objects on, for which it
  needs half a minute, and other peers at a million.
- ``copy.deepcopy`` and ``pickle`` (there and back) are what one does today to be safe from other threads.
- Reading by threads: each walks all records of one graph and adds up their numbers. Time is that until all are done,
  divided by the walks of all: two threads that do not get in each other's way take half the time of one. A single
  reader is not the thread that made the graph either. Two threads with a graph each share nothing of it: what they
  miss of the half is the machine's and the interpreter's.

All in mode checked. What is given to our ``freeze`` are plain classes, unless said.
"""

from __future__ import annotations

import copy
import importlib
import pickle
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import owned
from benchmarks.harness import FREE_THREADED, REPEATS, Case, Time, importable, in_threads, not_importable, statement

QUESTION = "Graphs"
PEERS = ("cryostasis", "gelidum", "frozendict", "pyrsistent", "immutables")
IMMORTAL = sys.version_info >= (3, 12)
SLOW = 100_000  # objects, from which on something is measured once


class Plain:
    """A record with a ``__dict__``."""

    def __init__(self, name: str, tags: list[str], numbers: dict[str, int]) -> None:
        self.name = name
        self.tags = tags
        self.numbers = numbers


class Slots:
    """A record with slots."""

    __slots__ = ("name", "numbers", "tags")

    def __init__(self, name: str, tags: list[str], numbers: dict[str, int]) -> None:
        self.name = name
        self.tags = tags
        self.numbers = numbers


@owned.owned
class OwnedSlots:
    """A guarded record with slots."""

    __slots__ = ("name", "numbers", "tags")

    def __init__(self, name: str, tags: list[str], numbers: dict[str, int]) -> None:
        self.name = name
        self.tags = tags
        self.numbers = numbers


def container(name: str, tags: list[str], numbers: dict[str, int]) -> dict[str, object]:
    """A record without a class."""
    return {"name": name, "tags": tags, "numbers": numbers}


def graph(record: Callable[..., Any], objects: int) -> list[Any]:
    """So many objects, with the list of them."""
    return [
        record(f"record {number}", ["red", f"shade {number}"], {"first": number, "second": number * 2})
        for number in range(objects // 3)
    ]


def missing() -> list[str]:
    return not_importable(*PEERS) + ([] if IMMORTAL else ["freeze(immortal=True)"])


# What is called once on each graph.


def once(make: Callable[[], Any], call: Callable[[Any], object]) -> Time:
    """Seconds of a call on fresh objects."""

    def timed(loops: int) -> float:
        taken = 0.0
        for _ in range(loops):
            made = make()
            begin = time.thread_time()
            result = call(made)
            taken += time.thread_time() - begin
            del result, made
        return taken

    return timed


def remembered(timed: Time) -> Time:
    """What takes so long that it is measured but once: the harness asks a first time to know how long it takes."""
    known: list[float] = []

    def time(loops: int) -> float:
        if not known:
            known.append(timed(1))
        return known[0] * loops

    return time


def calls(
    what: str, objects: int, subjects: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]], peer: str
) -> list[Case]:
    """A row: what each of them takes for graphs of that size."""
    found = []
    for subject, (make, call) in subjects.items():
        timed = once(make, call)
        slow = objects >= SLOW
        found.append(
            Case(
                f"{what}, {objects:,} objects",
                subject,
                remembered(timed) if slow else timed,
                peer,
                rounds=1 if slow else 5,
            )
        )
    return found


def copiers(make: Callable[[], Any], objects: int) -> dict[str, tuple[Callable[[], Any], Callable[[Any], object]]]:
    """What one does today."""
    found: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {"pickle": (make, there_and_back)}
    if objects <= SLOW:
        found["copy.deepcopy"] = (make, copy.deepcopy)
    return found


def there_and_back(obj: Any) -> Any:
    return pickle.loads(pickle.dumps(obj, pickle.HIGHEST_PROTOCOL))


def deep_freezers(containers: bool) -> dict[str, Callable[[Any], object]]:
    """What freezes deeply, by its name, of what is installed."""
    found: dict[str, Callable[[Any], object]] = {}
    if (cryostasis := importable("cryostasis")) is not None:
        found["cryostasis.deepfreeze"] = cryostasis.deepfreeze
    if (gelidum := importable("gelidum")) is not None:
        found["gelidum.freeze"] = lambda obj: gelidum.freeze(obj, on_freeze="inplace")
    if (frozendict := importable("frozendict")) is not None:
        found["frozendict.deepfreeze"] = frozendict.deepfreeze
    if containers and (pyrsistent := importable("pyrsistent")) is not None:
        found["pyrsistent.freeze"] = pyrsistent.freeze
    return found


def making(record: Callable[..., Any], objects: int) -> Callable[[], Any]:
    return lambda: graph(record, objects)


FASTER = 10.0
"""The goal: so many times faster than the fastest of those that freeze deeply."""


def freezing(objects: int) -> list[Case]:
    found = []
    for what, record in (("freeze, instances", Plain), ("freeze, containers", container)):
        if record is container and objects in (10, 1_000_000):
            continue
        make = making(record, objects)
        peers = {} if objects > SLOW else deep_freezers(record is container)
        if objects >= SLOW:  # half a minute
            peers.pop("cryostasis.deepfreeze", None)
        subjects: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
            "owned.freeze": (make, owned.freeze),
            **{name: (make, freeze) for name, freeze in peers.items()},
            **copiers(make, objects),
        }
        if record is Plain:
            subjects["owned.freeze, plain slots"] = (making(Slots, objects), owned.freeze)
            subjects["owned.freeze, owned slots"] = (making(OwnedSlots, objects), owned.freeze)
            if IMMORTAL and objects <= 1000:  # it stays for the life of the process
                subjects["owned.freeze, immortal"] = (make, lambda obj: owned.freeze(obj, immortal=True))
        found += calls(what, objects, subjects, "pickle")
    return found


def goal_of_freezing(cases: list[Case]) -> list[Case]:
    """Beside each of its peers, ours may take a tenth."""
    import attrs

    names = {name for containers in (True, False) for name in deep_freezers(containers)}
    by_what: dict[str, set[str]] = {}
    for case in cases:
        by_what.setdefault(case.what, set()).add(case.subject)
    return [
        attrs.evolve(case, also=dict.fromkeys(sorted(names & by_what[case.what]), 1 / FASTER))
        if case.subject == "owned.freeze" and f"{SLOW:,}" in case.what
        else case
        for case in cases
    ]


def thawing(objects: int) -> list[Case]:
    def frozen(freeze: Callable[[Any], Any], record: Callable[..., Any]) -> Callable[[], Any]:
        return lambda: freeze(graph(record, objects))

    found = []
    subjects: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
        "owned.thaw": (frozen(owned.freeze, Plain), owned.thaw),
        **copiers(making(Plain, objects), objects),
    }
    if objects < SLOW and (cryostasis := importable("cryostasis")) is not None:
        subjects["cryostasis.deepthaw"] = (frozen(cryostasis.deepfreeze, Plain), cryostasis.deepthaw)
    found += calls("thaw, instances", objects, subjects, "pickle")
    subjects = {
        "owned.thaw": (frozen(owned.freeze, container), owned.thaw),
        **copiers(making(container, objects), objects),
    }
    if (pyrsistent := importable("pyrsistent")) is not None:
        subjects["pyrsistent.thaw"] = (frozen(pyrsistent.freeze, container), pyrsistent.thaw)
    if objects > 10:
        found += calls("thaw, containers", objects, subjects, "pickle")
    return found


def in_region(objects: int) -> Callable[[], Any]:
    def make() -> Any:
        with owned.Region() as region:
            records = owned.List(graph(OwnedSlots, objects))
        return region, records

    return make


def handing_over(objects: int) -> list[Case]:
    def records() -> Any:
        return owned.List(graph(OwnedSlots, objects))

    def share(obj: Any) -> object:
        return owned.share(obj, lock=owned.RLock())

    copies = copiers(making(Slots, objects), objects)
    return [
        *calls(
            "share",
            objects,
            {
                "owned.share": (records, share),
                "owned.share, a Region": (in_region(objects), lambda both: share(both[0])),
                **copies,
            },
            "pickle",
        ),
        *calls(
            "move and claim",
            objects,
            {
                "owned.move": (records, lambda obj: owned.move(obj).claim()),
                "owned.move, a Region": (in_region(objects), lambda both: owned.move(both[0]).claim()),
                **copies,
            },
            "pickle",
        ),
    ]


def maps(size: int) -> list[Case]:
    """A mapping that does not change, made of a dict, and an item of it."""
    plain = {f"key {number}": number for number in range(size)}
    makers: dict[str, Callable[[dict[str, int]], Any]] = {"plain dict": dict, "owned.frozendict": owned.frozendict}
    for name, attribute in (("frozendict", "frozendict"), ("immutables", "Map"), ("pyrsistent", "pmap")):
        if importable(name) is not None:
            makers[f"{name}.{attribute}"] = getattr(importlib.import_module(name), attribute)
    found = []
    for name, make in makers.items():
        found.append(
            Case(
                f"map of {size}, made of a dict",
                name,
                statement("make(plain)", {"make": make, "plain": plain}),
                "plain dict",
                per_loop=REPEATS,
            )
        )
        found.append(
            Case(
                f"map of {size}, item",
                name,
                statement("made['key 5']", {"made": make(plain)}),
                "plain dict",
                per_loop=REPEATS,
            )
        )
    return found


def reading() -> list[Case]:
    """What is frozen beside the same that is not. Classes of their own: freezing changes a plain class with slots."""

    class NeverFrozen:
        __slots__ = ("value",)

    class Frozen:
        __slots__ = ("value",)

    class NeverFrozenDict:
        pass

    class FrozenDict:
        pass

    @owned.owned
    class OwnedFrozen:
        __slots__ = ("value",)

    def with_value(cls: Any) -> Any:
        made = cls()
        made.value = 5
        return made

    rows: dict[str, dict[str, tuple[str, Any]]] = {
        "read, slot": {
            "plain": ("x.value", with_value(NeverFrozen)),
            "frozen, plain class": ("x.value", owned.freeze(with_value(Frozen))),
            "frozen, owned class": ("x.value", owned.freeze(with_value(OwnedFrozen))),
        },
        "read, __dict__": {
            "plain": ("x.value", with_value(NeverFrozenDict)),
            "frozen, plain class": ("x.value", owned.freeze(with_value(FrozenDict))),
        },
        "read, list item": {"plain": ("x[1]", [1, 2, 3]), "frozen, plain class": ("x[1]", owned.freeze([1, 2, 3]))},
        "read, dict item": {"plain": ("x['a']", {"a": 1}), "frozen, plain class": ("x['a']", owned.freeze({"a": 1}))},
    }
    if (cryostasis := importable("cryostasis")) is not None:
        rows["read, __dict__"]["cryostasis"] = ("x.value", cryostasis.deepfreeze(with_value(type("C", (), {}))))
    if (gelidum := importable("gelidum")) is not None:
        rows["read, __dict__"]["gelidum"] = ("x.value", gelidum.freeze(with_value(type("G", (), {}))))
    return [
        Case(
            what,
            name,
            statement(code, {"x": x}),
            "plain",
            1.05 if what == "read, slot" and name != "plain" else None,
            per_loop=REPEATS,
        )
        for what, row in rows.items()
        for name, (code, x) in row.items()
    ]


def walker(records: Any) -> Callable[[int], object]:
    """Reads all there is, so many times."""

    def walk(loops: int) -> int:
        total = 0
        for _ in range(loops):
            for record in records:
                numbers = record.numbers
                total += numbers["first"] + numbers["second"] + len(record.name) + len(record.tags)
        return total

    return walk


def by_threads() -> list[Case]:
    """One thread or two that read the same graph, and two that read one each."""
    graphs: dict[str, Callable[[], Any]] = {
        "plain": lambda: graph(Slots, 3000),
        "frozen": lambda: owned.freeze(graph(OwnedSlots, 3000)),
    }
    if IMMORTAL:
        graphs["frozen, immortal"] = lambda: owned.freeze(graph(OwnedSlots, 3000), immortal=True)
    found = []
    for name, make in graphs.items():
        records = make()
        readers = {
            "1 thread": [records],
            "2 threads": [records, records],
            "2 threads, a graph each": [records, make()],
        }
        for subject, read in readers.items():
            timed = in_threads(*map(walker, read))
            goal = 1 / 1.9 if FREE_THREADED and "immortal" in name and subject == "2 threads" else None
            what = f"walk by threads, {name}"
            found.append(Case(what, subject, timed, "1 thread", goal, per_loop=len(read), rounds=5, seconds=0.05))
            if subject == "2 threads":
                found.append(Case("walk by 2 threads", name, timed, "plain", per_loop=2, rounds=5, seconds=0.05))
    return found


def cases() -> list[Case]:
    assert threading.active_count() == 1
    found = []
    for objects in (10, 1000, 100_000, 1_000_000):
        found += freezing(objects)
    for objects in (10, 1000, 100_000):
        found += thawing(objects)
    for objects in (10, 1000, 100_000, 1_000_000):
        found += handing_over(objects)
    found = goal_of_freezing(found)
    return [*found, *maps(100), *reading(), *by_threads()]
