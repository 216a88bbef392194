# SPDX-License-Identifier: MIT
"""In which order locks are taken, in strict mode: the graph of orders, and what is said of one that contradicts it.

Nodes are locks, not the classes or places that made them: whoever locks two accounts in the order of their numbers
does right, though both locks come from one line. An edge says: `after` was waited for while `before` was held. Two
threads can wait for each other only along a cycle, so an order that would close one is refused before anybody waits,
and is not kept: it is found again each time it is taken.

A lock that dies takes its edges along. Its death is only noted where it happens, which may be anywhere, and acted upon
at the next judgement.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, TypeAlias

import attrs

from owned import errors
from owned._lock_violations import place, taking
from owned._records import Record, Site, calling_stack
from owned._violations import lock_name, react

if TYPE_CHECKING:
    from owned._core import Lock, RLock, RWLock
    from owned._lock_violations import Place

    AnyLock: TypeAlias = Lock | RLock | RWLock
    Hold: TypeAlias = tuple[int, AnyLock, Place | None]
    Wanted: TypeAlias = list[tuple[int, AnyLock, "Edge"]]

_LEVELS = 3  # of a stack that a message quotes; the violation has it whole
_PATIENCE = 5.0


@attrs.frozen
class Named:
    """A lock, for messages: its name, and where it was made, if it was made in strict mode."""

    name: str
    made: Site | None

    def __str__(self) -> str:
        """The name."""
        return self.name


@attrs.frozen
class Edge:
    """A lock was waited for while another was held, for the first time.

    Attributes:
        before: the lock that was held.
        after: the lock that was waited for.
        taken: where the one that was held had been taken.
        stack: where the other was waited for, innermost first.
        thread: by whom.
    """

    before: Named
    after: Named
    taken: Site | None
    stack: tuple[Site, ...]
    thread: str

    @property
    def held(self) -> str:
        """The lock that was held, and where it had been taken."""
        return str(self.before) if self.taken is None else f"{self.before} (taken at {self.taken})"

    def __str__(self) -> str:
        """A clause for messages."""
        way = ", called from ".join(map(str, self.stack[:_LEVELS])) or "an unknown place"
        return f"thread {self.thread!r} acquired {self.after} at {way}, while holding {self.held}"

    def record(self) -> Record:
        """A Record for a violation."""
        return taking(f"{self.after} while holding {self.before}", self.where, self.thread, self.stack)

    @property
    def where(self) -> Site:
        """The line that waited."""
        return self.stack[0] if self.stack else Site("<unknown>", 0, "<unknown>")


_after: dict[int, dict[int, Edge]] = {}
_before: dict[int, set[int]] = {}
_nodes: dict[int, _Node] = {}
_dead: deque[int] = deque()
_busy = False  # the thread that has _graph_lock is looking at the graph or changing it
_graph_lock = threading.RLock()  # the collector may run a finalizer that comes here again
if hasattr(os, "register_at_fork"):  # the child must not find it held by a thread it does not have
    os.register_at_fork(
        before=_graph_lock.acquire, after_in_parent=_graph_lock.release, after_in_child=_graph_lock.release
    )


def judge(lock: AnyLock, number: int, held: list[Hold], must_go_on: int) -> BaseException | None:
    """May the calling thread wait for a lock, holding what it holds? Called by the C core for orders it does not know.

    Args:
        lock: the lock it is about to wait for.
        number: the lock's ordinal.
        held: what it holds and has not been judged with this lock: ordinal, lock, where it was taken.
        must_go_on: the lock will be taken in any case; only what a policy's own code raised is raised then.

    Returns:
        None to go on, or the exception to raise.
    """
    thread = threading.current_thread().name
    stack = calling_stack()
    name = _named(lock)
    wanted = [
        (other_number, other, Edge(_named(other), name, place(taken), stack, thread))
        for other_number, other, taken in held
    ]
    contradicted = _learn(lock, number, wanted)
    if contradicted is None:
        return None
    error = _contradiction(lock, *contradicted)
    outcome = react(error)
    if outcome is not None and not (must_go_on and outcome is error):
        return outcome
    _learn(lock, number, wanted, though_contradicted=True)
    return None


def orders() -> set[tuple[int, int]]:
    """The orders that are known, as pairs of ordinals."""
    with _graph_lock:
        _bury()
        return {(before, after) for before, edges in _after.items() for after in edges}


def _learn(
    lock: AnyLock, number: int, wanted: Wanted, *, though_contradicted: bool = False
) -> tuple[Edge, list[Edge]] | None:
    """Enter the edges that close no cycle, unless there is one that would; that one, with the way back.

    A new edge ends at `lock`, so it is on no way that starts there: the edges do not matter to each other.

    Two things go unjudged until they are tried again. A finalizer that the collector runs in the middle of this, on
    this thread. And who finds the graph occupied for seconds: such a finalizer may be waiting for a lock that we hold.
    """
    global _busy
    if not _graph_lock.acquire(timeout=_PATIENCE):
        return None
    try:
        if _busy:
            return None
        _busy = True
        try:
            _bury()
            first = None
            good: Wanted = []
            for order in wanted:
                way_back = _way_between(number, order[0])
                if way_back is None:
                    good.append(order)
                elif first is None:
                    first = (order[2], way_back)
            if first is None or though_contradicted:
                for other_number, other, edge in good:
                    _enter(other_number, other, number, lock, edge)
            return first
        finally:
            _busy = False
    finally:
        _graph_lock.release()


def _way_between(start: int, goal: int) -> list[Edge] | None:
    """The edges of a shortest way through the graph, or None."""
    came: dict[int, tuple[int, Edge]] = {}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for there, edge in _after.get(here, {}).items():
            if there in came:
                continue
            came[there] = (here, edge)
            if there == goal:
                return _trace(came, start, goal)
            queue.append(there)
    return None


def _trace(came: dict[int, tuple[int, Edge]], start: int, goal: int) -> list[Edge]:
    way: list[Edge] = []
    here = goal
    while here != start:
        here, edge = came[here]
        way.append(edge)
    way.reverse()
    return way


def _enter(before: int, before_lock: AnyLock, after: int, after_lock: AnyLock, edge: Edge) -> None:
    """Keep an edge. Whatever interrupts it leaves nothing that `_bury` would not find."""
    from owned import _core

    _know(before, before_lock)
    _know(after, after_lock)
    if after not in _before:  # dict.setdefault() of 3.13.0 leaves a broken dict where it finds no memory
        _before[after] = set()
    _before[after].add(before)
    if before not in _after:
        _after[before] = {}
    if after not in _after[before]:
        _after[before][after] = edge
    _core.learn_order(before, after)


def _know(number: int, lock: AnyLock) -> None:
    if number not in _nodes:
        node = _Node(lock, _note_death)
        node.number = number
        _nodes[number] = node


class _Node(weakref.ref["AnyLock"]):
    """A lock in the graph."""

    __slots__ = ("number",)

    number: int


def _note_death(node: _Node) -> None:
    _dead.append(node.number)


def _bury() -> None:
    """Take out the locks that have died."""
    from owned import _core

    while _dead:
        number = _dead[0]
        for after in _after.get(number, ()):
            befores = _before.get(after, set())
            befores.discard(number)
            if not befores:
                _before.pop(after, None)
            _core.forget_order(number, after)
        _after.pop(number, None)
        for before in _before.get(number, ()):
            edges = _after.get(before, {})
            edges.pop(number, None)
            if not edges:
                _after.pop(before, None)
            _core.forget_order(before, number)
        _before.pop(number, None)
        _nodes.pop(number, None)
        _dead.popleft()


def _contradiction(lock: AnyLock, wrong: Edge, way_back: list[Edge]) -> errors.LockOrderError:
    from owned import _core

    advice = "Take these locks in one order everywhere."
    made = dict.fromkeys(
        [f"{end} was made at {end.made}." for edge in way_back for end in (edge.before, edge.after) if end.made]
    )
    taken = () if wrong.taken is None else (taking(str(wrong.before), wrong.taken, wrong.thread),)
    message = (
        f"thread {wrong.thread!r} tried to acquire {wrong.after} while holding {wrong.held}, but the other order was "
        f"taken before: {'; '.join(map(str, way_back))}. Threads that do this at the same time wait for each other for "
        f"ever. {advice}"
    )
    return errors.LockOrderError(
        " ".join([message, *made]),
        type_name=type(lock).__name__,
        address=id(lock),
        access="acquire",
        touch=f"acquire {wrong.after} while holding {wrong.before}",
        toucher=wrong.thread,
        toucher_id=_core.thread_id(),
        lock=lock_name(lock),
        life=(*[edge.record() for edge in way_back], *taken),
        site=(wrong.where.file, wrong.where.line, wrong.where.function),
        advice=advice,
    )


def _named(lock: AnyLock) -> Named:
    from owned import _core

    return Named(lock_name(lock), place(_core.lock_made(lock)))
