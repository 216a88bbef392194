# SPDX-License-Identifier: MIT
"""The table of regions in docs/states.md, run: every state against everything that is done with a Region."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import owned
from guarded import Node
from owned import Region
from tables import read_table

CELLS = list(read_table("| region and who"))


def made() -> tuple[Region, Any]:
    """A region with something in it."""
    with Region() as region:
        node = Node()
    return region, node


def in_thread(function: Callable[[], Any]) -> Any:
    """Run on another thread, which has ended when this returns."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join(30)
    return results.pop()


def here(function: Callable[[], Any]) -> Any:
    return function()


Situation = tuple[Region, Any, Callable[[Callable[[], Any]], Any]]


def own_thread() -> Situation:
    return (*made(), here)


def block_open() -> Situation:
    region, node = made()

    def run(function: Callable[[], Any]) -> Any:
        with region:
            return function()

    return region, node, run


def other_thread() -> Situation:
    return (*made(), in_thread)


def lock_held() -> Situation:
    region, node = made()
    owned.share(region)

    def run(function: Callable[[], Any]) -> Any:
        with owned.locked(region):
            return function()

    return region, node, run


def lock_not_held() -> Situation:
    region, node = made()
    owned.share(region)
    return region, node, here


def frozen() -> Situation:
    region, node = made()
    owned.freeze(region)
    return region, node, in_thread


kept: list[Any] = []  # parcels


def in_transit() -> Situation:
    region, node = made()
    kept.append(owned.move(region))
    return region, node, here


def claimed() -> Situation:
    box, node = in_thread(lambda: (lambda region, node: (owned.move(region), node))(*made()))
    return box.claim(), node, here


def orphaned() -> Situation:
    region, node = in_thread(made)
    return region, node, here


def adopted() -> Situation:
    region, node = in_thread(made)
    return owned.adopt(region), node, here


def merged() -> Situation:
    region, node = made()
    Region().merge(region)
    return region, node, here


SITUATIONS: dict[str, Callable[[], Situation]] = {
    "private, its own thread": own_thread,
    "private, its block open": block_open,
    "private, another thread": other_thread,
    "shared, lock held": lock_held,
    "shared, lock not held": lock_not_held,
    "frozen, any thread": frozen,
    "in transit, any thread": in_transit,
    "claimed, the claimer": claimed,
    "orphaned, any thread": orphaned,
    "adopted, the adopter": adopted,
    "merged, its own thread": merged,
}


def look(region: Region, node: Any) -> None:
    assert region.state == owned.state(region)
    assert isinstance(repr(region), str)
    assert isinstance(owned.explain(region), str)
    assert owned.is_frozen(region) == (region.state == "frozen")
    owned.owner(region), owned.lock_of(region)


def enter(region: Region, node: Any) -> None:
    with region:
        child = Node()
    owned.share(region)
    assert owned.lock_of(child) is owned.lock_of(node)


def share(region: Region, node: Any) -> None:
    owned.share(region, lock=owned.RLock())


def move(region: Region, node: Any) -> None:
    kept.append(owned.move(region))


def freeze(region: Region, node: Any) -> None:
    assert owned.freeze(region) is region
    assert owned.is_frozen(node)


def merge(region: Region, node: Any) -> None:
    other, other_node = made()
    region.merge(other)
    assert owned.lock_of(other_node) is owned.lock_of(node)
    assert owned.state(other_node) == owned.state(node)


def merge_into_another(region: Region, node: Any) -> None:
    other, other_node = made()
    other.merge(region)
    owned.share(other)
    assert owned.lock_of(other_node) is owned.lock_of(node)


def adopt(region: Region, node: Any) -> None:
    assert owned.adopt(region) is region


DOINGS: dict[str, Callable[[Region, Any], None]] = {
    "look": look,
    "enter": enter,
    "share": share,
    "move": move,
    "freeze": freeze,
    "merge": merge,
    "merged": merge_into_another,
    "adopt": adopt,
}


def outcome(doing: Callable[[Region, Any], None], region: Region, node: Any, expected: str) -> str:
    before = region.state, owned.lock_of(node)
    try:
        doing(region, node)
    except (owned.OwnershipError, RuntimeError) as error:
        assert (region.state, owned.lock_of(node)) == before, "what raises changes nothing"
        assert owned.state(node) == before[0]
        return type(error).__name__
    if expected == "ok":
        return "ok"
    assert owned.state(node) == region.state, "its objects are what it is"
    return f"→ {region.state}"


@pytest.mark.parametrize(("row", "column", "expected"), CELLS, ids=lambda value: str(value).replace(" ", "-"))
def test_cell(row: str, column: str, expected: str) -> None:
    """One cell of the table."""
    region, node, run = SITUATIONS[row]()
    assert run(lambda: outcome(DOINGS[column], region, node, expected)) == expected


def test_every_row_is_run() -> None:
    """The table's rows and columns are those that the test can make."""
    assert {row for row, _, _ in CELLS} == set(SITUATIONS)
    assert {column for _, column, _ in CELLS} == set(DOINGS)
