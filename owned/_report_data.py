# SPDX-License-Identifier: MIT
"""What the HTML report of a test run is made of: gathered while the tests run, as plain JSON data.

The document (every key is always there; lists are bounded, and `left_out` says what did not fit):

    format, owned, python    1; version of this package; version of the interpreter
    title                    what was run
    root                     the folder it was run in: paths below it are shown relative to it
    started, duration        Unix time and length of the run, in seconds
    clock                    {"first_ns", "last_ns"}: the run on the monotonic clock that all times below are on
    processes                [{"process", "pid", "first_ns", "last_ns"}]: each has a clock, thread numbers and lock
                             numbers of its own, so whatever has one of these has a `process`
    violations               one entry per mistake (`Violation.key`), in order of first appearance:

        (a violation's facts)    of the first one, as `Violation.to_dict` writes them
        count, threads, tests    how often, by which threads, in which tests
        moments                  [{"ns", "thread", "lock", "process"}]: when, and which of `locks` guarded the object
        excerpts                 {"file:line": {"first", "lines"}}: the source around every place that is named

    tests                    [{"id", "start_ns", "end_ns", "violations", "process"}]: those with violations
    tests_run                how many tests ran
    threads                  [{"id", "name", "finished", "process"}]
    locks                    [{"id", "name", "acquisitions", "process"}]
    holds                    [{"lock", "thread", "start_ns", "end_ns", "process"}]
    objects                  [{"type", "address", "state", "owner", "lock", "life", "violations", "process"}]; with the
                             indices of their violations
    warnings                 [{"kind", "message", "file", "line", "count"}]
    left_out                 {"violations", "holds", "threads", "objects", "warnings"}: numbers
"""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
import sysconfig
import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from importlib import metadata
from types import FrameType
from typing import Any, Self, TypeAlias, TypeVar

import attrs

from owned import _core
from owned._records import Violation
from owned._violations import observe
from owned.errors import OwnershipError

Document: TypeAlias = "dict[str, Any]"
_T = TypeVar("_T")

HOLDS_RECORDED = 10_000
"""How many holds of locks are kept: those nearest to a violation, or else the last ones."""
_MISTAKES = 500
_MOMENTS = 50
_NAMES = 200
_THREADS = 1000
_OBJECTS = 500
_WARNINGS = 500
_TESTS = 1000
_WAITING = 100_000
_AROUND_TOUCH = 4
_AROUND_CALLER = 2
_WIDTH = 400
_LEFT_OUT = ("violations", "holds", "threads", "objects", "warnings")

_LIBRARIES = tuple(
    {os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)


@attrs.frozen
class _Hold:
    """What the core tells of a lock that was held."""

    lock: int
    type: str
    address: int
    thread: int
    name: str
    start_ns: int
    end_ns: int | None

    @property
    def lock_name(self) -> str:
        """The lock as violations name it."""
        return f"<{self.type} at {self.address:#x}>"


@attrs.frozen
class _Moment:
    """When a mistake was made, by which thread, and the name of the lock that guarded the object."""

    ns: int
    thread: int | None
    lock: str | None

    def to_dict(self, locks: dict[str, list[_Hold]]) -> Document:
        """The entry in the document. An address may be used again: the lock is the one that was held nearest by."""
        holds = [] if self.lock is None else locks.get(self.lock, [])
        hold = min(holds, key=lambda hold: abs(hold.start_ns - self.ns), default=None)
        return {"ns": self.ns, "thread": self.thread, "lock": None if hold is None else hold.lock}


@attrs.define
class _Mistake:
    """One mistake of the program: the first violation, and what is counted of all."""

    facts: Violation
    count: int = 0
    threads: dict[str, None] = attrs.field(factory=dict)
    tests: dict[str, None] = attrs.field(factory=dict)
    moments: list[_Moment] = attrs.field(factory=list)
    excerpts: dict[str, Document] | None = None

    def to_dict(self, locks: dict[str, list[_Hold]], process: str) -> Document:
        """The entry in the document.

        Args:
            locks: the holds of each lock, by the name that violations call it by.
            process: whose clock and numbers these are.
        """
        return self.facts.to_dict() | {
            "count": self.count,
            "threads": sorted(self.threads),
            "tests": list(self.tests),
            "moments": [moment.to_dict(locks) | {"process": process} for moment in self.moments],
            "excerpts": self.excerpts or {},
        }


@attrs.define
class _Test:
    id: str
    start_ns: int
    end_ns: int | None = None
    violations: int = 0


@attrs.define
class _Object:
    """An object that was touched: what was last known of it, and in which mistakes."""

    facts: Violation
    mistakes: dict[tuple[object, ...], None] = attrs.field(factory=dict)

    def to_dict(self, numbers: dict[tuple[object, ...], int]) -> Document:
        """The entry in the document, with the indices of those mistakes."""
        facts = self.facts.to_dict()
        return {
            "type": facts["type_name"],
            "address": facts["address"],
            "state": facts["state"],
            "owner": facts["owner"],
            "lock": facts["lock"],
            "life": facts["life"] or ([] if facts["record"] is None else [facts["record"]]),
            "violations": [numbers[key] for key in self.mistakes],
        }


@attrs.frozen
class _Sighting:
    """A violation, when it was seen, and the tests that ran then."""

    facts: Violation
    ns: int
    tests: tuple[_Test, ...]


class Collector:
    """Gathers what a report shows, from all threads of this process, while its tests run.

    A violation may be made anywhere: under any lock of the program, or in a finalizer in the middle of this code. So
    what hears of it never waits: it puts the facts in a queue, and whichever thread finds nobody at work counts them.
    Source files are read between tests.

    Args:
        title: what is run, for the report's head.
        process: a name for this process, unlike that of any other whose document this one will be merged with.

    Threads:
        ``start``, ``stop``, ``test_began``, ``test_ended`` and ``document`` are for the thread that runs the tests;
        violations are heard of from every thread.
    """

    def __init__(self, title: str, *, process: str | None = None) -> None:
        self._title = title
        self._process = process or os.environ.get("PYTEST_XDIST_WORKER") or "main"
        self._pid = os.getpid()
        self._root = os.path.join(os.getcwd(), "")
        self._started = time.time()
        self._first_ns = time.monotonic_ns()
        self._is_on = False
        self._observing = contextlib.ExitStack()
        self._at_work = threading.Lock()
        self._waiting: deque[_Sighting] = deque(maxlen=_WAITING)
        self._mistakes: dict[tuple[object, ...], _Mistake] = {}
        self._running: tuple[_Test, ...] = ()
        self._tests: list[_Test] = []
        self._tests_run = 0
        self._threads: dict[int, str] = {}
        self._objects: dict[tuple[object, ...], _Object] = {}
        self._warnings: Counter[tuple[str, str, str, int]] = Counter()
        self._holds: dict[tuple[int, int, int], _Hold] = {}
        self._left_out: Counter[str] = Counter()

    def start(self) -> None:
        """Begin to hear of violations, and to have the holds of locks recorded."""
        self._started, self._first_ns = time.time(), time.monotonic_ns()
        self._is_on = True
        self._observing.enter_context(observe(self._see))
        _core.record_holds(HOLDS_RECORDED)

    def stop(self) -> None:
        """Hear of nothing any more; what was gathered stays."""
        self._observing.close()
        self._is_on = False
        self._keep_holds(self._first_ns)
        _core.record_holds(0)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop."""
        self.stop()

    # ---- what happens ------------------------------------------------------------------------------------------------

    def test_began(self, nodeid: str) -> None:
        """From now on violations happen in this test."""
        self._running = (*self._running, _Test(nodeid, time.monotonic_ns()))

    def test_ended(self, nodeid: str) -> None:
        """The test is over: the sources and holds of locks that its violations need are kept while they are there."""
        ended = [test for test in self._running if test.id == nodeid]
        self._running = tuple(test for test in self._running if test.id != nodeid)
        self._work(wait=True)
        with self._at_work:
            for test in ended:
                self._tests_run += 1
                test.end_ns = time.monotonic_ns()
                if test.violations and len(self._tests) < _TESTS:
                    self._tests.append(test)
            self._read_sources()
        guilty = [test.start_ns for test in ended if test.violations]
        if guilty:
            self._keep_holds(min(guilty))

    def warned(self, kind: str, message: str, file: str, line: int) -> None:
        """Take in a warning.

        Args:
            kind: the name of its class.
            message: its text.
            file: the source file that it points to.
            line: the line in it, from 1.
        """
        key = (kind, message, file, line)
        if key in self._warnings or len(self._warnings) < _WARNINGS:
            self._warnings[key] += 1
        else:
            self._left_out["warnings"] += 1

    def _see(self, error: OwnershipError) -> None:
        """Hear of a violation, on its thread: never waits, never raises, looks at no object of the program."""
        if os.getpid() != self._pid:
            return  # the child of a fork: nobody will ask it for a document
        facts = error.violation
        if facts is None:
            return
        if facts.key not in self._mistakes:
            _remember_loaders()
        self._waiting.append(_Sighting(facts, time.monotonic_ns(), self._running))
        self._work(wait=False)

    def _work(self, *, wait: bool) -> None:
        while self._waiting and self._at_work.acquire(blocking=wait):
            try:
                while self._waiting:
                    self._count(self._waiting.popleft())
            finally:
                self._at_work.release()

    def _count(self, sighting: _Sighting) -> None:
        facts = sighting.facts
        for id, name in ((facts.toucher_id, facts.toucher), (facts.owner_id, facts.owner)):
            if id is not None and name is not None:
                self._meet(id, name)
        for test in sighting.tests:
            test.violations += 1
        mistake = self._mistakes.get(facts.key)
        if mistake is None:
            if len(self._mistakes) == _MISTAKES:
                self._left_out["violations"] += 1
                return
            mistake = self._mistakes[facts.key] = _Mistake(facts)
        mistake.count += 1
        _add(mistake.threads, facts.toucher)
        for test in sighting.tests:
            _add(mistake.tests, test.id)
        if len(mistake.moments) < _MOMENTS:
            mistake.moments.append(_Moment(sighting.ns, facts.toucher_id, facts.lock))
        if facts.type_name is None or facts.address is None:
            return
        # An address may be used again; what else is known of the object tells the two apart, mostly.
        key = (facts.type_name, facts.address, facts.owner_id if facts.state == "private" else facts.record)
        if key in self._objects or len(self._objects) < _OBJECTS:
            thing = self._objects.setdefault(key, _Object(facts))
            thing.facts = facts  # the last one knows most of its life
            thing.mistakes[facts.key] = None
        else:
            self._left_out["objects"] += 1

    def _meet(self, id: int, name: str) -> None:
        if id in self._threads or len(self._threads) < _THREADS:
            self._threads[id] = name
        else:
            self._left_out["threads"] += 1

    def _keep_holds(self, since_ns: int) -> None:
        """Take over what the core has recorded since then: its ring forgets."""
        for told in _core.lock_holds():
            hold = _Hold(*told)
            if hold.end_ns is None or hold.end_ns >= since_ns:
                self._holds[hold.lock, hold.thread, hold.start_ns] = hold
        if len(self._holds) > 2 * HOLDS_RECORDED:
            moments = [moment.ns for mistake in list(self._mistakes.values()) for moment in mistake.moments]
            kept = nearest(list(self._holds.values()), moments, HOLDS_RECORDED, lambda hold: hold.start_ns)
            self._left_out["holds"] += len(self._holds) - len(kept)
            self._holds = {(hold.lock, hold.thread, hold.start_ns): hold for hold in kept}

    def _read_sources(self) -> None:
        for mistake in self._mistakes.values():
            if mistake.excerpts is None:
                mistake.excerpts = _excerpts(mistake.facts)

    # ---- the document ------------------------------------------------------------------------------------------------

    def document(self) -> Document:
        """Everything that was gathered, as described at the top of this module.

        Returns:
            dicts, lists, strings and numbers.
        """
        self._work(wait=True)
        if self._is_on:
            self._keep_holds(self._first_ns)
        with self._at_work:
            self._read_sources()
            last_ns = time.monotonic_ns()
            tests = [*self._tests, *(test for test in self._running if test.violations)]
            own = {"process": self._process}
            by_name: dict[str, list[_Hold]] = defaultdict(list)
            for hold in self._holds.values():
                by_name[hold.lock_name].append(hold)
            numbers = {key: index for index, key in enumerate(self._mistakes)}
            return {
                "format": 1,
                "owned": metadata.version("owned"),
                "python": sys.version.partition(" (")[0],
                "title": self._title,
                "root": self._root,
                "started": self._started,
                "duration": (last_ns - self._first_ns) / 1e9,
                "clock": {"first_ns": self._first_ns, "last_ns": last_ns},
                "processes": [{"pid": self._pid, "first_ns": self._first_ns, "last_ns": last_ns} | own],
                "violations": [mistake.to_dict(by_name, self._process) for mistake in self._mistakes.values()],
                "tests": [attrs.asdict(test) | {"end_ns": test.end_ns or last_ns} | own for test in tests],
                "tests_run": self._tests_run + len(self._running),
                "threads": [thread | own for thread in self._known_threads()],
                "locks": [lock | own for lock in self._known_locks()],
                "holds": [
                    {
                        "lock": hold.lock,
                        "thread": hold.thread,
                        "start_ns": hold.start_ns,
                        "end_ns": hold.end_ns or last_ns,
                    }
                    | own
                    for hold in self._holds.values()
                ],
                "objects": [thing.to_dict(numbers) | own for thing in self._objects.values()],
                "warnings": [
                    {"kind": kind, "message": message, "file": file, "line": line, "count": count}
                    for (kind, message, file, line), count in self._warnings.items()
                ],
                "left_out": dict.fromkeys(_LEFT_OUT, 0) | self._left_out,
            }

    def _known_threads(self) -> list[Document]:
        names = {hold.thread: hold.name for hold in self._holds.values()} | self._threads
        known = []
        for id, name in sorted(names.items()):
            info = _core.thread_info(id)
            known.append({"id": id, "name": name, "finished": info is None or info.finished})
        return known

    def _known_locks(self) -> list[Document]:
        kinds = {hold.lock: hold.type for hold in self._holds.values()}
        acquisitions = Counter(hold.lock for hold in self._holds.values())
        return [
            {"id": lock, "name": f"{kind} {lock}", "acquisitions": acquisitions[lock]}
            for lock, kind in sorted(kinds.items())
        ]


def merge(documents: Iterable[Document]) -> Document:
    """One document out of those of several processes that ran parts of the same tests.

    Args:
        documents: at least one; each from a process with a name of its own.

    Returns:
        Violations that are one and the same mistake become one entry; everything else stands side by side. Of a
        process in which nothing happened there is no trace, unless nothing happened in any.

    Raises:
        ValueError: There is none.
    """
    documents = list(documents)
    if not documents:
        raise ValueError("there is no document to merge")
    first = documents[0]
    idle = {id(one) for one in documents if not (one["tests_run"] or one["violations"] or one["holds"])}
    mistakes: dict[tuple[object, ...], Document] = {}
    warnings: dict[tuple[object, ...], Document] = {}
    left_out = Counter(dict.fromkeys(_LEFT_OUT, 0))
    objects: list[Document] = []
    for document in documents:
        left_out.update(document["left_out"])
        numbers: list[int] = []
        for entry in document["violations"]:
            key = _violation(entry).key
            mistakes[key] = _joined(mistakes[key], entry) if key in mistakes else entry
            numbers.append(list(mistakes).index(key))
        objects += [
            thing | {"violations": [numbers[index] for index in thing["violations"]]} for thing in document["objects"]
        ]
        for warning in document["warnings"]:
            place = (warning["kind"], warning["message"], warning["file"], warning["line"])
            seen = warnings.get(place, {"count": 0})
            warnings[place] = warning | {"count": warning["count"] + seen["count"]}
    started = min(document["started"] for document in documents)
    return first | {
        "started": started,
        "duration": max(document["started"] + document["duration"] for document in documents) - started,
        "clock": {
            "first_ns": min(document["clock"]["first_ns"] for document in documents),
            "last_ns": max(document["clock"]["last_ns"] for document in documents),
        },
        "violations": list(mistakes.values()),
        "tests_run": sum(document["tests_run"] for document in documents),
        "objects": objects,
        "warnings": list(warnings.values()),
        "left_out": dict(left_out),
        "processes": [
            process
            for document in documents
            if id(document) not in idle or len(idle) == len(documents)
            for process in document["processes"]
        ],
        **{
            part: [item for document in documents for item in document[part]]
            for part in ("tests", "threads", "locks", "holds")
        },
    }


def nearest(items: list[_T], moments: Iterable[int], count: int, when: Callable[[_T], int]) -> list[_T]:
    """Those that are nearest to a moment, in order of time; without moments, the last ones.

    Args:
        items: what to choose from.
        moments: the times that matter.
        count: how many to choose at most.
        when: the time of an item.

    Returns:
        At most so many of them.
    """
    items = sorted(items, key=when)
    if len(items) <= count:
        return items
    times = sorted(moments)
    if not times:
        return items[-count:]

    def distance(item: _T) -> int:
        at = when(item)
        right = bisect_left(times, at)
        return min(abs(at - time) for time in times[max(right - 1, 0) : right + 1])

    return sorted(sorted(items, key=distance)[:count], key=when)


def _joined(entry: Document, other: Document) -> Document:
    """The entries that two processes have for one mistake."""
    return entry | {
        "count": entry["count"] + other["count"],
        "threads": sorted({*entry["threads"], *other["threads"]})[:_NAMES],
        "tests": list(dict.fromkeys([*entry["tests"], *other["tests"]]))[:_NAMES],
        "moments": [*entry["moments"], *other["moments"]][: 2 * _MOMENTS],
        "excerpts": other["excerpts"] | entry["excerpts"],
    }


def _violation(entry: Document) -> Violation:
    return Violation.from_dict({field.name: entry[field.name] for field in attrs.fields(Violation)})


def _add(names: dict[str, None], name: str) -> None:
    if len(names) < _NAMES:
        names[name] = None


# ---- sources ---------------------------------------------------------------------------------------------------------


def is_library(file: str) -> bool:
    """Whether a source file belongs to Python or to an installed package, and not to the program."""
    return file.startswith(("<", *_LIBRARIES))


def within_library(file: str) -> str:
    """The path of a library's source file below the folder that libraries are in; another path as it is."""
    folder = max((folder for folder in _LIBRARIES if file.startswith(folder)), key=len, default="")
    return file[len(folder) :]


def _excerpts(facts: Violation) -> dict[str, Document]:
    """The source around every place of the program that a violation names."""
    places: dict[tuple[str, int], int] = {(facts.file, facts.line): _AROUND_TOUCH}
    steps = (*facts.life, *((facts.record,) if facts.record is not None else ()))
    for site in (*facts.stack, *facts.owner_stack, *steps, *(site for step in steps for site in step.stack)):
        places.setdefault((site.file, site.line), _AROUND_CALLER)
    excerpts = {}
    for (file, line), around in places.items():
        if is_library(file) and (file, line) != (facts.file, facts.line):
            continue
        first = max(line - around, 1)
        lines = linecache.getlines(file)[first - 1 : line + around]
        if len(lines) > line - first:
            excerpts[f"{file}:{line}"] = {"first": first, "lines": [text.rstrip()[:_WIDTH] for text in lines]}
    return excerpts


def _remember_loaders() -> None:
    """Let linecache find the source of code on this thread's stack that is in no file of its own, as in a zip."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        names = frame.f_globals
        file = frame.f_code.co_filename
        if file not in linecache.cache and type(names) is dict:  # exec() takes a Dict, which would refuse us
            try:
                linecache.lazycache(file, names)
            except Exception:
                pass
        frame = frame.f_back
