# SPDX-License-Identifier: MIT
"""docs/states.md, run: every state against every verb and every kind of access, for every carrier."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

import owned
from tables import read_table
from tasks import Tasks

CELLS = list(read_table("| state and who"))


@owned.owned
class Slotted:
    __slots__ = ("spare", "value")

    def __init__(self) -> None:
        self.value = 1
        self.spare = 2

    def get(self) -> int:
        return self.value


@owned.owned
class Plain:
    def __init__(self) -> None:
        self.value = 1
        self.spare = 2

    def get(self) -> int:
        return self.value


class Counted:
    """What a wrapper wraps."""

    def __init__(self) -> None:
        self.value = 1
        self.spare = 2


class Carrier(NamedTuple):
    make: Callable[[], Any]
    reads: dict[str, Callable[[Any], Any]]
    writes: dict[str, Callable[[Any], Any]]


INSTANCE_READS = {
    "attribute": lambda x: x.value,
    "getattr with a default": lambda x: getattr(x, "value", None),
    "hasattr": lambda x: hasattr(x, "value"),
}
INSTANCE_WRITES = {
    "attribute": lambda x: setattr(x, "value", 5),
    "delete": lambda x: delattr(x, "spare"),
}
ITEM_READS = {
    "length": len,
    "iteration": lambda x: [item for item in x],
    "containment": lambda x: 1 in x,
    "comparison": lambda x: x == x,
    "copy": lambda x: x.copy(),
}

CARRIERS = {
    "slots": Carrier(Slotted, {**INSTANCE_READS, "method": lambda x: x.get()}, INSTANCE_WRITES),
    "dict": Carrier(Plain, {**INSTANCE_READS, "method": lambda x: x.get(), "vars": vars}, INSTANCE_WRITES),
    "List": Carrier(
        lambda: owned.List([1, 2]),
        {
            **ITEM_READS,
            "item": lambda x: x[0],
            "slice": lambda x: x[:],
            "index": lambda x: x.index(1),
            "+": lambda x: x + [1],  # noqa: RUF005
        },
        {
            "item": lambda x: x.__setitem__(0, 9),
            "delete": lambda x: x.__delitem__(0),
            "append": lambda x: x.append(3),
            "+=": lambda x: x.__iadd__([4]),
            "sort": lambda x: x.sort(),
            "clear": lambda x: x.clear(),
        },
    ),
    "Dict": Carrier(
        lambda: owned.Dict({1: 2}),
        {**ITEM_READS, "item": lambda x: x[1], "get": lambda x: x.get(1), "items": lambda x: list(x.items())},
        {
            "item": lambda x: x.__setitem__(1, 9),
            "update": lambda x: x.update({3: 4}),
            "setdefault": lambda x: x.setdefault(7, 8),
            "delete": lambda x: x.__delitem__(1),
            "clear": lambda x: x.clear(),
        },
    ),
    "Set": Carrier(
        lambda: owned.Set({1, 2}),
        {**ITEM_READS, "|": lambda x: x | {3}, "issubset": lambda x: x.issubset({1, 2, 3})},
        {
            "add": lambda x: x.add(3),
            "|=": lambda x: x.__ior__({4}),
            "discard": lambda x: x.discard(1),
            "clear": lambda x: x.clear(),
        },
    ),
    "wrapped instance": Carrier(lambda: owned.own(Counted()), INSTANCE_READS, INSTANCE_WRITES),
    "wrapped list": Carrier(
        lambda: owned.own([1, 2]),
        {**ITEM_READS, "item": lambda x: x[0], "index": lambda x: x.index(1)},
        {
            "item": lambda x: operator.setitem(x, 0, 9),
            "append": lambda x: x.append(3),
            "delete": lambda x: operator.delitem(x, 0),
        },
    ),
}
IMMUTABLE_WHEN_FROZEN = {"List", "Dict", "Set"}
GONE_WHEN_FROZEN = {("wrapped list", "copy"), ("wrapped list", "append")}  # its inside is a tuple then


def in_thread(function: Callable[[], Any]) -> Any:
    """Run on another thread, which has ended when this returns."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join(30)
    return results.pop()


def here(function: Callable[[], Any]) -> Any:
    return function()


def beside_its_lock(obj: Any) -> Callable[[Callable[[], Any]], Any]:
    def run(function: Callable[[], Any]) -> Any:
        with owned.lock_of(obj):
            return function()

    return run


def beside_a_side(obj: Any, side: str) -> Callable[[Callable[[], Any]], Any]:
    def run(function: Callable[[], Any]) -> Any:
        with getattr(owned.lock_of(obj), side):
            return function()

    return run


kept: list[Any] = []  # parcels: what becomes of one that is dropped is another matter


def moved(obj: Any) -> Any:
    kept.append(owned.move(obj))
    return obj


tasks = Tasks()


@pytest.fixture(scope="module", autouse=True)
def close_tasks() -> Iterator[None]:
    yield
    tasks.close()


def in_task(name: str) -> Callable[[Callable[[], Any]], Any]:
    return lambda function: tasks.run(name, function)


def of_task(make: Callable[[], Any]) -> Any:
    return tasks.run("its task", lambda: owned.task_private(make()))


def of_ended_task(make: Callable[[], Any]) -> Any:
    obj = tasks.run("short", lambda: owned.task_private(make()))
    tasks.end("short")
    return obj


SITUATIONS: dict[str, Callable[[Callable[[], Any]], tuple[Any, Any]]] = {
    "private, its own thread": lambda make: (make(), here),
    "private, another thread": lambda make: (make(), in_thread),
    "shared, lock held": lambda make: (lambda obj: (obj, beside_its_lock(obj)))(owned.share(make())),
    "shared, lock not held": lambda make: (owned.share(make()), here),
    "shared under an RWLock, nobody": lambda make: (owned.share(make(), lock=owned.RWLock()), here),
    "shared under an RWLock, a reader": lambda make: (lambda obj: (obj, beside_a_side(obj, "read")))(
        owned.share(make(), lock=owned.RWLock())
    ),
    "shared under an RWLock, the writer": lambda make: (lambda obj: (obj, beside_a_side(obj, "write")))(
        owned.share(make(), lock=owned.RWLock())
    ),
    "frozen, any thread": lambda make: (owned.freeze(make()), in_thread),
    "in transit, any thread": lambda make: (moved(make()), here),
    "claimed, the claimer": lambda make: (in_thread(lambda: owned.move(make())).claim(), here),
    "orphaned, any thread": lambda make: (in_thread(make), here),
    "adopted, the adopter": lambda make: (owned.adopt(in_thread(make)), here),
    "private to a task, that task": lambda make: (of_task(make), in_task("its task")),
    "private to a task, any other code": lambda make: (of_task(make), in_task("another task")),
    "private to a task that has ended": lambda make: (of_ended_task(make), in_task("another task")),
}

VERBS: dict[str, Callable[[Any], Any]] = {
    "own": owned.own,
    "share": lambda obj: owned.share(obj, lock=owned.RLock()),
    "move": moved,
    "freeze": owned.freeze,
    "thaw": owned.thaw,
    "adopt": owned.adopt,
    "task_private": owned.task_private,
}


def look(obj: Any) -> str:
    assert isinstance(owned.state(obj), owned.State)
    assert isinstance(owned.explain(obj), str)
    owned.owner(obj), owned.lock_of(obj), owned.is_frozen(obj)
    return "ok"


def verb_outcome(verb: str, obj: Any) -> str:
    before = owned.state(obj)
    try:
        result = VERBS[verb](obj)
    except (owned.OwnershipError, TypeError) as error:
        assert owned.state(obj) == before, "a verb that raises changes nothing"
        return type(error).__name__
    state = owned.state(result)
    if verb == "thaw" and state is owned.State.UNGUARDED:
        state = owned.State.PRIVATE  # a plain copy of a wrapped object: nobody else has it
    return f"→ {state}"


def touch_outcome(touch: Callable[[Any], Any], obj: Any) -> str:
    try:
        touch(obj)
    except owned.OwnershipError as error:
        return type(error).__name__
    return "ok"


def repr_outcome(obj: Any) -> str:
    text = repr(obj)
    return "stub" if any(word in text for word in ("owned by", "guarded by", "in transit", "left by")) else "ok"


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize("row", SITUATIONS)
def test_row(name: str, row: str) -> None:
    """The cells of a row of the table, for one carrier."""
    carrier = CARRIERS[name]
    if row.startswith("frozen") and name in IMMUTABLE_WHEN_FROZEN:
        frozen = owned.freeze(carrier.make())
        assert type(frozen).__name__ in ("tuple", "frozendict", "frozenset")
        assert owned.is_frozen(frozen)
        return
    expected = {column: cell for in_row, column, cell in CELLS if in_row == row}
    assert {column: outcome_in_cell(name, row, column, cell) for column, cell in expected.items()} == expected


def outcome_in_cell(name: str, row: str, column: str, expected: str) -> str:
    """What the carrier does there. Of several touches the first that is not as expected, with its label."""
    carrier = CARRIERS[name]
    if column in ("read", "write"):
        for label, touch in (carrier.reads if column == "read" else carrier.writes).items():
            if row.startswith("frozen") and (name, label) in GONE_WHEN_FROZEN:
                continue
            obj, run = SITUATIONS[row](carrier.make)
            outcome = run(lambda touch=touch, obj=obj: touch_outcome(touch, obj))
            if outcome != expected:
                return f"{label}: {outcome}"
        return expected
    obj, run = SITUATIONS[row](carrier.make)
    if column == "look":
        return run(lambda: look(obj))
    if column == "repr":
        return run(lambda: repr_outcome(obj))
    if (column, expected) == ("freeze", "→ frozen") and name in IMMUTABLE_WHEN_FROZEN:
        return expected if run(lambda: owned.is_frozen(owned.freeze(obj))) else "not frozen"
    return run(lambda: verb_outcome(column, obj))


def test_every_state_is_in_the_table() -> None:
    """The rows name every state that a guarded object can be in."""
    rows = {row.split(",")[0] for row, _, _ in CELLS}
    assert {str(state) for state in owned.State} - {"unguarded"} <= rows


def test_every_row_is_run() -> None:
    """The table's rows and the situations that the test can make are the same."""
    assert {row for row, _, _ in CELLS} == set(SITUATIONS)


def test_sharing_again_under_the_same_lock_gives_the_object() -> None:
    """The footnote to the share column."""
    lock = owned.RLock()
    obj = owned.share(Slotted(), lock=lock)
    assert owned.share(obj, lock=lock) is obj


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize("row", SITUATIONS)
def test_row_in_guard(name: str, row: str) -> None:
    """In guard every read passes, and the repr shows the object; everything else is as the table says."""
    carrier = CARRIERS[name]
    if row.startswith("frozen") and name in IMMUTABLE_WHEN_FROZEN:
        return
    expected = {column: cell for in_row, column, cell in CELLS if in_row == row}
    with owned.guard():
        for column, touches in (("read", carrier.reads), ("write", carrier.writes)):
            for label, touch in touches.items():
                if row.startswith("frozen") and (name, label) in GONE_WHEN_FROZEN:
                    continue
                obj, run = SITUATIONS[row](carrier.make)
                outcome = run(lambda touch=touch, obj=obj: touch_outcome(touch, obj))
                assert outcome == ("ok" if column == "read" else expected["write"]), label
        obj, run = SITUATIONS[row](carrier.make)
        assert run(lambda: repr_outcome(obj)) == "ok"
        for verb in VERBS.keys() - {"own"}:
            obj, run = SITUATIONS[row](carrier.make)
            if (verb, expected[verb]) != ("freeze", "→ frozen") or name not in IMMUTABLE_WHEN_FROZEN:
                assert run(lambda verb=verb, obj=obj: verb_outcome(verb, obj)) == expected[verb], verb
