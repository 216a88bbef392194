# SPDX-License-Identifier: MIT
"""Tests of code that runs on several threads: ``ThreadedStateMachine`` draws schedules, and shrinks those that fail.

It needs hypothesis: ``pip install "owned[hypothesis]"``. ``import owned`` does not import this module.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, TypeAlias, TypeVar

import attrs

try:
    from hypothesis import Phase, settings, stateful
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    if error.name != "hypothesis":
        raise
    raise ImportError(
        'owned.testing needs hypothesis, which is not installed: `pip install "owned[hypothesis]"`', name="hypothesis"
    ) from None

from owned._crew import Crew, Result, Step, Switch, Trail, call_of, plain, short
from owned._schedule_table import table
from owned._violations import lock_name
from owned._waits import direct_waits

__all__ = ["Deadlock", "ImpossibleOutcome", "ScheduleError", "ThreadedStateMachine", "ViolationFound", "step"]

_F = TypeVar("_F", bound=Callable[..., Any])
_Call: TypeAlias = "tuple[str, dict[str, Any]]"
_Place: TypeAlias = "tuple[int, int]"  # lane, position in it

_RULE_MARKERS = tuple(
    getattr(stateful, name, text)
    for name, text in [
        ("RULE_MARKER", "hypothesis_stateful_rule"),
        ("INITIALIZE_RULE_MARKER", "hypothesis_stateful_initialize_rule"),
    ]
)
_MARKER = "_owned_step"
_ORDERS_LIMIT = 3000
_SHOWN = 8


class ScheduleError(AssertionError):
    """A schedule was found under which the steps of a ThreadedStateMachine go wrong.

    Attributes:
        table: the schedule that did it, as text: a column for each thread (``str``).
        rounds: how many rounds had been run, this one included (``int``).
    """

    def __init__(self, what: str, *, table: str = "", rounds: int = 0) -> None:
        super().__init__(what)
        self.table = table
        self.rounds = rounds


class ViolationFound(ScheduleError):
    """A thread touched what it may not touch, whether or not the exception was swallowed."""


class ImpossibleOutcome(ScheduleError):
    """No order of the steps, one after the other, has these results: an update was lost, or half of one was seen."""


class Deadlock(ScheduleError):
    """Threads wait for each other, or for what never comes."""


@attrs.frozen
class _StepSpec:
    arguments: dict[str, Any]
    takes_thread: bool


def step(**arguments: st.SearchStrategy[Any]) -> Callable[[_F], _F]:
    """Make a method of a ThreadedStateMachine one of the steps that its threads run at the same time.

    Args:
        **arguments: a strategy for each argument of the method. A parameter named ``thread`` that has no strategy is
            given the number of the thread that runs the step, from 0.

    Returns:
        The decorator; it returns the method itself.

    Raises:
        TypeError: an argument is no strategy, or the method has no parameter of that name.

    Threads:
        Any. The method runs on the threads of the machine, several at a time.
    """
    for name, strategy in arguments.items():
        if not isinstance(strategy, st.SearchStrategy):
            raise TypeError(f"`{name}` must be a strategy, got {type(strategy).__name__}")

    def mark(function: _F) -> _F:
        parameters = inspect.signature(function).parameters
        for name in arguments:
            if name not in parameters:
                raise TypeError(f"{function.__qualname__}() has no parameter `{name}`")
        takes_thread = "thread" in parameters and "thread" not in arguments
        setattr(function, _MARKER, _StepSpec(dict(arguments), takes_thread))
        return function

    return mark


class ThreadedStateMachine(stateful.RuleBasedStateMachine):
    """A state machine whose steps run on several threads, under schedules that hypothesis draws and shrinks.

    A subclass builds what is to be tested in ``__init__`` and describes what threads do with it in methods marked with
    ``@step``. Hypothesis draws *rounds*: one list of steps for each thread, and the places where one thread is stopped
    and another goes on. One thread runs at a time, and it can be stopped before each instruction that touches an
    attribute, an item, or calls something; so a schedule is a matter of data, the same each time, and shrinks to the
    few switches that matter.

    A round fails with

    - ``ViolationFound``: a thread touched what it may not touch. An exception that the code swallows counts as well.
    - ``ImpossibleOutcome``: the results of the steps, and what ``outcome()`` returns after the round, are not those of
      any order in which the same steps run one after the other. That is what a lost update looks like.
    - ``Deadlock``: threads wait for each other.

    What the steps do one after the other is found out by doing it, with a new instance of the machine; or on a
    ``model``, a simple class whose methods have the names of the steps. Exceptions of a step are results like any other
    and are compared by their type.

    ``TestCase.settings`` starts with ten rounds for each example and without hypothesis's explain phase, whose search
    for arguments that do not matter runs many more schedules than finding the failure did. Give it others::

        Counting.TestCase.settings = settings(Counting.TestCase.settings, max_examples=500)
        TestCounting = Counting.TestCase

    Ordinary invariants (``hypothesis.stateful.invariant``) run between rounds, on the main thread. Ordinary rules and
    initialize rules are refused, as they could not be repeated in another order: ``__init__`` sets up, steps act.

    Attributes:
        threads: how many threads (default 2).
        steps_per_thread: how many steps a thread runs in one round at most (default 2).
        preemptions: how often a round stops a thread in the middle at most (default 3). Few are enough for most races.
        reach: how many points a thread passes at most before it is stopped (default 40).
        stop_in: names of modules, or packages, in site-packages or the standard library that may be stopped inside too.
        model: a class to compare with, or None.
        patience: after how many seconds a thread that does not come back counts as waiting for something (default 1).
            Locks of owned need no patience.
        limit: after how many seconds a round in which nothing goes on has failed (default 10).

    Raises:
        TypeError: when a subclass is made that has ordinary rules, or so many steps in a round that their orders could
            not be tried.

    Threads:
        Made and driven by the thread that runs the test. Steps run on threads of the machine named ``thread-0``,
        ``thread-1`` and so on, the same ones for all rounds of an example.
    """

    threads: ClassVar[int] = 2
    steps_per_thread: ClassVar[int] = 2
    preemptions: ClassVar[int] = 3
    reach: ClassVar[int] = 40
    stop_in: ClassVar[Sequence[str]] = ()
    model: ClassVar[Callable[[], Any] | None] = None
    patience: ClassVar[float] = 1.0
    limit: ClassVar[float] = 10.0

    _steps: ClassVar[dict[str, _StepSpec]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "round" in vars(cls):
            raise TypeError(f"{cls.__qualname__}.round: the name is taken by the rule that runs the steps")
        members = inspect.getmembers(cls)
        for name, member in members:
            if name != "round" and any(getattr(member, marker, None) is not None for marker in _RULE_MARKERS):
                raise TypeError(
                    f"{cls.__qualname__}.{name} is an ordinary rule, which could not be repeated in another order: "
                    "mark it with @step(), or do it in __init__"
                )
        cls._steps = {name: getattr(member, _MARKER) for name, member in members if hasattr(member, _MARKER)}
        if not cls._steps:
            return
        total = cls.threads * cls.steps_per_thread
        orders = math.factorial(total) // math.factorial(cls.steps_per_thread) ** cls.threads
        if orders > _ORDERS_LIMIT:
            raise TypeError(
                f"{cls.threads} threads with {cls.steps_per_thread} steps each can be put into {orders} orders, "
                "which is too many to try: lower `threads` or `steps_per_thread`"
            )
        cls.round = _rule_of(cls)
        _set_defaults(cls)

    def __init__(self) -> None:
        super().__init__()
        self._owned_session: _Session | None = None

    def outcome(self) -> Any:
        """What can be seen of the state after a round, as values that can be compared; by default nothing.

        It is called on the main thread when no step runs, so it takes the locks that it needs. It has to tell all that
        later steps depend on: an order that explains a round up to here is taken to be the order that happened.
        """
        return None

    def teardown(self) -> None:
        """Let the machine's threads end. A subclass that overrides it calls ``super().teardown()``."""
        if self._owned_session is not None:
            self._owned_session.close()


def _set_defaults(cls: type[ThreadedStateMachine]) -> None:
    """Settings for machines of this kind.

    To vary what does not matter for a failure runs hundreds of schedules more, and shows lines of this package.
    """
    test_case = cls.TestCase
    phases = tuple(phase for phase in test_case.settings.phases if phase is not Phase.explain)
    test_case.settings = settings(test_case.settings, phases=phases, stateful_step_count=10)


_set_defaults(ThreadedStateMachine)


def _rule_of(cls: type[ThreadedStateMachine]) -> Callable[..., None]:
    """The one rule of a machine: run a round. Its arguments are what a round is drawn from."""
    calls = st.one_of(
        [st.tuples(st.just(name), st.fixed_dictionaries(spec.arguments)) for name, spec in cls._steps.items()]
    )
    lane = st.lists(calls, min_size=1, max_size=cls.steps_per_thread)
    points = st.one_of(st.integers(0, min(6, cls.reach)), st.integers(0, cls.reach))
    switch = st.tuples(points, st.integers(0, max(0, cls.threads - 2)))

    # The arguments are tuples, names and numbers, so that a round that hypothesis prints can be copied into a test.
    @stateful.rule(
        lanes=st.lists(lane, max_size=cls.threads),  # a round that shrinks to nothing at all can be left out
        switches=st.lists(switch, max_size=cls.preemptions),
    )
    def round(self: ThreadedStateMachine, lanes: list[list[_Call]], switches: list[Switch]) -> None:
        if self._owned_session is None:
            self._owned_session = _Session(self)
        self._owned_session.round(lanes, switches)

    return round


class _Subject:
    """A machine with threads of its own that runs steps."""

    def __init__(self, machine: ThreadedStateMachine) -> None:
        self._machine = machine
        self._crew = Crew(machine.threads, stop_in=machine.stop_in, patience=machine.patience, limit=machine.limit)

    def run(self, lanes: Sequence[Sequence[_Call]], switches: Sequence[Switch] = (), *, traced: bool) -> Trail:
        steps = [[self._step(number, call) for call in lane] for number, lane in enumerate(lanes)]
        return self._crew.run(steps, switches, traced=traced)

    def _step(self, number: int, call: _Call) -> Step:
        return Step(_bound(self._machine, self._machine._steps[call[0]], number, call), _written(call))

    def do(self, number: int, call: _Call) -> Result | None:
        """Run one step alone; None: it never ends."""
        lanes: list[list[_Call]] = [[] for _ in range(number)]
        return self.run([*lanes, [call]], traced=False).results.get((number, 0))

    def outcome(self) -> Any:
        """The machine's outcome; a lock that a step has left taken is an error, and no wait without an end."""
        direct_waits(_refuse_to_wait)
        try:
            return plain(self._machine.outcome())
        finally:
            direct_waits(None)

    def close(self) -> None:
        self._crew.end()


class _Model:
    """A user's model in the place of a machine."""

    def __init__(self, machine: ThreadedStateMachine, make: Callable[[], Any]) -> None:
        self._specs = machine._steps
        self._model = make()

    def do(self, number: int, call: _Call) -> Result | None:
        try:
            return Result(plain(_bound(self._model, self._specs[call[0]], number, call)()))
        except Exception as error:
            return Result(error=error.with_traceback(None))

    def outcome(self) -> Any:
        return plain(self._model.outcome()) if hasattr(self._model, "outcome") else None

    def close(self) -> None:
        pass


class _Session:
    """What is known of a machine while it runs: its rounds so far, and their explanation, one step after the other."""

    def __init__(self, machine: ThreadedStateMachine) -> None:
        self._machine = machine
        self._subject = _Subject(machine)
        self._sequence: list[tuple[int, _Call]] = []
        self._reference: _Subject | _Model | None = None
        self._past: list[str] = []

    def close(self) -> None:
        self._subject.close()
        self._drop_reference()

    def round(self, lanes: list[list[_Call]], switches: list[Switch]) -> None:
        """Run a round, and raise what is wrong with it."""
        trail = self._subject.run(lanes, switches, traced=True)
        if trail.violations:
            first = trail.violations[0]
            raise self._error(ViolationFound, f"{type(first).__name__}: {first}", trail, lanes)
        if trail.stuck:
            names = " and ".join(f"thread-{number}" for number in trail.stuck)
            wait = (
                "waits and nothing will end the wait" if len(trail.stuck) == 1 else "wait and nothing will end the wait"
            )
            raise self._error(Deadlock, f"{names} {wait}.", trail, lanes)
        try:
            outcome = self._subject.outcome()
        except _StillTaken as error:
            raise self._error(Deadlock, f"outcome() {error}", trail, lanes) from None
        refuted = self._explain(lanes, trail, outcome)
        if refuted is not None:
            what = "No order of the steps of this round, one after the other, explains what they did."
            raise self._error(ImpossibleOutcome, what, trail, lanes, self._told(lanes, trail, outcome, refuted))
        self._past.append(_in_short(lanes, trail))

    def _error(
        self, kind: type[ScheduleError], what: str, trail: Trail, lanes: Sequence[Sequence[_Call]], more: str = ""
    ) -> ScheduleError:
        text = table(trail.events, len(lanes))
        past = "".join(f"\nround {number}: {line}" for number, line in enumerate(self._past, 1))
        number = len(self._past) + 1
        return kind(f"{what}\n{past}\nround {number}:\n\n{text}\n{more}", table=text, rounds=number)

    # ---- is there an order that explains it? -------------------------------------------------------------------------

    def _explain(self, lanes: Sequence[Sequence[_Call]], trail: Trail, outcome: Any) -> dict[str, str] | None:
        """Find an order with these results and this outcome; else tell for each order where it differs."""
        refuted: dict[str, str] = {}
        impossible: set[tuple[_Place, ...]] = set()
        for order in _orders(lanes, list(trail.results)):
            if any(order[:length] in impossible for length in range(1, len(order) + 1)):
                continue
            reference = self._take_reference()
            difference = None
            for length, place in enumerate(order, 1):
                call = lanes[place[0]][place[1]]
                result, real = reference.do(place[0], call), trail.results[place]
                if result is None or not result.same_as(real):
                    impossible.add(order[:length])
                    difference = f"{_written(call)} on thread-{place[0]} " + (
                        "never ends" if result is None else f"gives {result}, and it gave {real}"
                    )
                    break
            else:
                after = reference.outcome()
                if after == outcome:
                    self._sequence += [(lane, lanes[lane][index]) for lane, index in order]
                    self._reference = reference
                    return None
                difference = f"outcome() gives {short(after)}, and it gave {short(outcome)}"
            reference.close()
            refuted[", ".join(f"{_written(lanes[lane][index])} on {lane}" for lane, index in order)] = difference
        return refuted

    def _take_reference(self) -> _Subject | _Model:
        """Something that has done all that was done up to this round, one after the other."""
        reference, self._reference = self._reference, None
        if reference is None:
            make = type(self._machine).model
            reference = _Subject(type(self._machine)()) if make is None else _Model(self._machine, make)
            for number, call in self._sequence:
                reference.do(number, call)
        return reference

    def _drop_reference(self) -> None:
        if self._reference is not None:
            self._reference.close()

    @staticmethod
    def _told(lanes: Sequence[Sequence[_Call]], trail: Trail, outcome: Any, refuted: dict[str, str]) -> str:
        lines = [f"outcome() -> {short(outcome)}", "", "one after the other:"]
        lines += [f"  {order}: {difference}" for order, difference in list(refuted.items())[:_SHOWN]]
        if len(refuted) > _SHOWN:
            lines.append(f"  ... and {len(refuted) - _SHOWN} more")
        return "\n".join(lines)


class _StillTaken(Exception):
    """outcome() was about to wait for a lock."""


def _refuse_to_wait(lock: Any, for_ever: bool) -> bool:
    raise _StillTaken(f"would wait for {lock_name(lock)}, which a step has not released.")


def _bound(target: Any, spec: _StepSpec, number: int, call: _Call) -> Callable[[], Any]:
    name, arguments = call
    return call_of(getattr(target, name), **arguments | ({"thread": number} if spec.takes_thread else {}))


def _written(call: _Call) -> str:
    name, arguments = call
    return f"{name}({', '.join(f'{key}={short(value, 30)}' for key, value in arguments.items())})"


def _in_short(lanes: Sequence[Sequence[_Call]], trail: Trail) -> str:
    return "; ".join(
        f"thread-{number}: "
        + ", ".join(f"{_written(call)} -> {trail.results[number, index]}" for index, call in enumerate(lane))
        for number, lane in enumerate(lanes)
    )


def _orders(lanes: Sequence[Sequence[_Call]], likely: list[_Place]) -> Iterator[tuple[_Place, ...]]:
    """All orders of the steps that keep the order of each thread; first the one in which they ended."""
    yield tuple(likely)
    for order in _interleavings([[(number, index) for index in range(len(lane))] for number, lane in enumerate(lanes)]):
        if order != tuple(likely):
            yield order


def _interleavings(lanes: list[list[_Place]]) -> Iterator[tuple[_Place, ...]]:
    if not any(lanes):
        yield ()
    for number, lane in enumerate(lanes):
        if lane:
            rest = [*lanes[:number], lane[1:], *lanes[number + 1 :]]
            for order in _interleavings(rest):
                yield (lane[0], *order)
