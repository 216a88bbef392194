# SPDX-License-Identifier: MIT
"""Threads of which one runs at a time, and which one is the caller's choice: a schedule that can be repeated.

Each worker is traced. Before each instruction that may touch what others see (an attribute, an item, a call, ...) it
passes a point, where it can be stopped. The thread that called ``Crew.run`` does nothing but hand out turns:

    turn      the worker runs until it stops at a point, waits for a lock, or is done with its steps
    switch    (points, skip): after so many points, counted over all workers, the turn goes to another one
    waiting   a worker that would wait for a lock of ours hands its turn back (owned/_waits.py) and gets one again when
              the lock is free. If only such workers are left, that is a deadlock, found at once
    lost      a worker that has not come back in time: it waits for something that we do not know. It is taken as
              waiting; if it runs on meanwhile, it stops at its next point
"""

from __future__ import annotations

import copy
import dis
import gc
import os
import queue
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, TypeAlias

import attrs

from owned._violations import lock_name, observe
from owned._waits import direct_waits
from owned.errors import OwnershipError

Switch: TypeAlias = tuple[int, int]
Tracer: TypeAlias = Callable[[FrameType, str, Any], "Tracer | None"]

_NOT_YOURS = tuple(
    os.path.join(path, "")
    for path in {
        os.path.dirname(os.path.abspath(__file__)),
        *(sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")),
    }
)
_POINTS = (
    "LOAD_ATTR",
    "LOAD_METHOD",
    "LOAD_SUPER_ATTR",
    "STORE_ATTR",
    "DELETE_ATTR",
    "BINARY_SUBSCR",
    "BINARY_SLICE",
    "BINARY_OP",
    "STORE_SUBSCR",
    "STORE_SLICE",
    "DELETE_SUBSCR",
    "STORE_GLOBAL",
    "STORE_DEREF",
    "CALL",
    "CONTAINS_OP",
    "COMPARE_OP",
    "GET_ITER",
    "FOR_ITER",
    "BEFORE_WITH",
    "LOAD_SPECIAL",
)
_LOG_LIMIT = 20_000


def _ask_for_opcodes() -> None:
    """3.12 traces no instructions until some frame has asked for them and tracing is then set anew: ask beforehand."""

    def trace(frame: FrameType, event: str, arg: Any) -> None:
        frame.f_trace_opcodes = True

    sys.settrace(trace)
    try:
        (lambda: None)()
    finally:
        sys.settrace(None)


@contextmanager
def _no_collection() -> Iterator[None]:
    """The collector runs the finalizers of others wherever it happens to start: points that no schedule knows of."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Abandoned(BaseException):
    """Raised in a worker that waits for what will never come, so that it unwinds."""


@attrs.frozen
class Step:
    """What a worker is to do: a call, and how it is written."""

    call: Callable[[], Any]
    text: str


@attrs.frozen
class Result:
    """How a step ended: with a value, or with an exception."""

    value: Any = None
    error: BaseException | None = None

    def __str__(self) -> str:
        """As the table shows it."""
        if self.error is not None:
            return f"raises {type(self.error).__name__}"
        return short(self.value)

    def same_as(self, other: Result) -> bool:
        """Did two runs end alike? Exceptions are compared by their type."""
        if self.error is not None or other.error is not None:
            return type(self.error) is type(other.error)
        return bool(self.value == other.value)


@attrs.frozen
class Event:
    """Something that a worker did, in the order in which it happened.

    Attributes:
        worker: its number; None: a thread that is none of the workers.
        kind: ``"step"``, ``"line"``, ``"pause"``, ``"go on"``, ``"wait"``, ``"lost"``, ``"violation"``, ``"end"``.
        text: what the table shows.
        file: for ``"line"`` and ``"go on"``: the source file.
        line: for ``"line"`` and ``"go on"``: the line in it.
    """

    worker: int | None
    kind: str
    text: str = ""
    file: str = ""
    line: int = 0


@attrs.define
class Trail:
    """What happened in one run of a crew."""

    events: list[Event] = attrs.field(factory=list)
    results: dict[tuple[int, int], Result] = attrs.field(factory=dict)
    violations: list[OwnershipError] = attrs.field(factory=list)
    stuck: list[int] = attrs.field(factory=list)

    def note(self, event: Event) -> None:
        """Remember an event; the table of an endless run shows how it begins."""
        if len(self.events) < _LOG_LIMIT:
            self.events.append(event)


def short(value: object, width: int = 60) -> str:
    """The repr of a value, on one line, not too long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= width else text[: width - 3] + "..."


def plain(value: Any) -> Any:
    """A copy made of builtin containers, for threads that may not look into guarded ones."""
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, set):
        return {plain(item) for item in value}
    return value


class Worker:
    """One thread of a crew.

    Attributes:
        number: its place in the crew, from 0.
        state: ``"idle"``, ``"ready"``, ``"running"``, ``"waiting"`` or ``"lost"``; written by the crew's caller.
        lock: what it waits for.
        patient: it waits without a time limit.
    """

    def __init__(self, crew: Crew, number: int) -> None:
        self.number = number
        self.state = "idle"
        self.lock: Any = None
        self.patient = True
        self.abandoned = False
        self.to_time_out = False
        self._crew = crew
        self._turn = threading.Lock()
        self._turn.acquire()
        self._steps: Sequence[Step] | None = ()
        self.thread = threading.Thread(target=self._work, name=f"thread-{number}", daemon=True)
        self.thread.start()

    def begin(self, steps: Sequence[Step]) -> None:
        """Have these steps run when the worker gets its next turn."""
        self._steps = steps
        self.state = "ready" if steps else "idle"
        self.abandoned = self.to_time_out = False

    def end(self) -> None:
        """Let the thread end, if it is not stuck."""
        if self.state == "idle":
            self._steps = None
            self._turn.release()

    def give_turn(self) -> None:
        """Let it run."""
        self.state = "running"
        self._turn.release()

    # ---- on the worker's thread --------------------------------------------------------------------------------------

    def _work(self) -> None:
        _ask_for_opcodes()
        direct_waits(self._wait)
        try:
            while True:
                self._turn.acquire()
                if self._steps is None:
                    return
                self._run(self._steps)
                self._crew.reports.put((self, "idle"))
        finally:
            direct_waits(None)

    def _run(self, steps: Sequence[Step]) -> None:
        trail = self._crew.trail
        for index, step in enumerate(steps):
            if index > 0:
                self._pass_point(None)
            trail.note(Event(self.number, "step", step.text))
            try:
                if self._crew.traced:
                    sys.settrace(self._trace_call)
                try:
                    value = step.call()
                finally:
                    sys.settrace(None)
                result = Result(plain(value))
            except Abandoned:
                trail.note(Event(self.number, "end", "never ends"))
                return
            except BaseException as error:
                result = Result(error=error.with_traceback(None))
            trail.results[self.number, index] = result
            trail.note(Event(self.number, "end", str(result)))

    def _trace_call(self, frame: FrameType, event: str, arg: Any) -> Tracer | None:
        if not self._crew.may_stop_in(frame):
            return None
        frame.f_trace = self._trace_inside  # 3.13 and 3.14 forget the next line in a frame that has none
        frame.f_trace_opcodes = True
        return self._trace_inside

    def _trace_inside(self, frame: FrameType, event: str, arg: Any) -> Tracer | None:
        if event == "opcode":
            if frame.f_lasti in points_of(frame.f_code):
                self._pass_point(frame)
        elif event == "line":
            self._crew.trail.note(Event(self.number, "line", "", frame.f_code.co_filename, frame.f_lineno or 0))
        return self._trace_inside

    def _pass_point(self, frame: FrameType | None) -> None:
        if self.abandoned or not self._crew.must_stop(self):
            return
        trail = self._crew.trail
        if frame is not None:
            trail.note(Event(self.number, "pause", f"before {points_of(frame.f_code)[frame.f_lasti]}"))
        self._crew.reports.put((self, "ready"))
        self._turn.acquire()
        if frame is not None:
            trail.note(Event(self.number, "go on", "", frame.f_code.co_filename, frame.f_lineno or 0))

    def _wait(self, lock: Any, for_ever: bool) -> bool:
        if not self.abandoned:
            if self.to_time_out and not for_ever:
                return False
            self.lock, self.patient = lock, for_ever
            self._crew.trail.note(Event(self.number, "wait", f"waits for {lock_name(lock)}"))
            self._crew.reports.put((self, "waiting"))
            self._turn.acquire()
            self.lock = None
        if self.abandoned:
            raise Abandoned
        return not self.to_time_out


class Crew:
    """Workers that take turns.

    Args:
        size: how many.
        stop_in: names of modules, or packages, whose code gets points too. Code outside of the standard library,
            site-packages and owned always does.
        patience: seconds after which a worker that has not come back counts as waiting for something unknown.
        limit: seconds after which a run in which nobody comes back is given up.

    Threads:
        ``run`` and ``end`` belong to the thread that made the crew.
    """

    def __init__(self, size: int, *, stop_in: Iterable[str] = (), patience: float = 1.0, limit: float = 10.0) -> None:
        self.reports: queue.SimpleQueue[tuple[Worker, str]] = queue.SimpleQueue()
        self.trail = Trail()
        self.traced = False
        self._stop_in = tuple(stop_in)
        self._yours: dict[CodeType, bool] = {}
        self._patience = patience
        self._limit = limit
        self._current: Worker | None = None
        self._left: int | None = None
        self.workers = [Worker(self, number) for number in range(size)]
        self._numbers = {worker.thread.ident: worker.number for worker in self.workers}

    def run(self, lanes: Sequence[Sequence[Step]], switches: Iterable[Switch] = (), *, traced: bool = True) -> Trail:
        """Run the steps, one lane per worker, until all are done or nothing goes on any more.

        Args:
            lanes: the steps of each worker, in order.
            switches: where turns change before a worker is done; see this module's text.
            traced: False: the workers have no points, and the first one's steps run first.

        Returns:
            What happened.
        """
        trail = self.trail = Trail()
        self.traced = traced
        for worker in self.workers:
            worker.begin(lanes[worker.number] if worker.number < len(lanes) else ())
        with observe(self._see), _no_collection():
            self._direct(iter(switches))
        return trail

    def end(self) -> None:
        """Let the threads end. Those that are stuck stay behind; they are daemons."""
        for worker in self.workers:
            worker.end()

    # ---- handing out turns, on the caller's thread -------------------------------------------------------------------

    def _direct(self, switches: Iterator[Switch]) -> None:
        place, skip = 0, 0
        switch = next(switches, None)
        self._left = None if switch is None else switch[0]
        while True:
            worker = self._choose(place, skip)
            if worker is None:
                if self._wait_for_lost():
                    continue
                break
            place, skip = worker.number + 1, 0
            self._give_turn(worker)
            if worker.state == "ready" and switch is not None:
                skip = switch[1]
                switch = next(switches, None)
                self._left = None if switch is None else switch[0]
        self._give_up()

    def _choose(self, place: int, skip: int) -> Worker | None:
        """The next one that can go on, in order of their numbers from `place` on, leaving out `skip`."""
        in_turn = self.workers[place:] + self.workers[:place]
        runnable = [worker for worker in in_turn if self._can_run(worker)]
        if len(runnable) > 1 and skip and runnable[-1].number == place - 1:
            return runnable[skip % (len(runnable) - 1)]
        if runnable:
            return runnable[skip % len(runnable)]
        for worker in in_turn:
            if worker.state == "waiting" and not worker.patient:
                worker.to_time_out = True
                return worker
        return None

    @staticmethod
    def _can_run(worker: Worker) -> bool:
        return worker.state == "ready" or (worker.state == "waiting" and not worker.lock.locked())

    def _give_turn(self, worker: Worker) -> None:
        self._current = worker
        worker.give_turn()
        while worker.state == "running":
            if not self._hear(self._patience):
                worker.state = "lost"
                self.trail.note(Event(worker.number, "lost", "waits for something"))
        self._current = None

    def _hear(self, timeout: float) -> bool:
        try:
            worker, state = self.reports.get(timeout=timeout)
        except queue.Empty:
            return False
        worker.state = state
        return True

    def _wait_for_lost(self) -> bool:
        return any(worker.state == "lost" for worker in self.workers) and self._hear(self._limit)

    def _give_up(self) -> None:
        """Note who is stuck, and unwind those that wait for a lock of ours."""
        self.trail.stuck = [worker.number for worker in self.workers if worker.state != "idle"]
        for worker in self.workers:
            if worker.state == "waiting":
                worker.abandoned = True
                self._give_turn(worker)

    # ---- asked by workers --------------------------------------------------------------------------------------------

    def may_stop_in(self, frame: FrameType) -> bool:
        """Has the code of this frame points?"""
        code = frame.f_code
        yours = self._yours.get(code)
        if yours is None:
            file = code.co_filename
            name = str(frame.f_globals.get("__name__", ""))
            yours = any(name == module or name.startswith(module + ".") for module in self._stop_in) or not (
                file.startswith(_NOT_YOURS) or file.startswith(("<frozen", "<attrs generated"))
            )
            self._yours[code] = yours
        return yours

    def must_stop(self, worker: Worker) -> bool:
        """Has this worker to stop at the point that it passes now?"""
        if self._current is not worker:
            return True
        if self._left is None:
            return False
        if self._left == 0:
            return True
        self._left -= 1
        return False

    def _see(self, error: OwnershipError) -> None:
        number = self._numbers.get(threading.get_ident())
        kind = type(error).__name__
        self.trail.violations.append(error)
        self.trail.note(Event(number, "violation", f"!! {kind}: {error.touch or error.access or ''}".rstrip(": ")))


_points: dict[CodeType, dict[int, str]] = {}


def points_of(code: CodeType) -> dict[int, str]:
    """Where a worker may be stopped in a piece of code: the offset of the instruction, and what it is."""
    points = _points.get(code)
    if points is None:
        points = _points[code] = {
            instruction.offset: f"{instruction.opname} {instruction.argrepr}".rstrip()
            for instruction in dis.get_instructions(code)
            if instruction.opname.startswith(_POINTS)
        }
    return points


def call_of(function: Callable[..., Any], *args: Any, **named: Any) -> Callable[[], Any]:
    """The call of a function with copies of its named arguments, so that one run cannot change those of the next."""
    return lambda: function(*args, **copy.deepcopy(named))
