"""A pipeline: each stage has threads of its own, and what one has finished belongs to the next.

    python -m owned run docs/examples/recipes/pipeline.py

A channel lies between two stages. What is put is moved: the stage that made it can touch it no more, so nobody has to
think about locks. A channel that holds a few items only makes the fast stages wait for the slow one, instead of
filling memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import owned

ORDERS, PACKERS = 200, 3


@owned.owned
class Order:
    """On its way from the desk to the door."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.items: list[str] = []
        self.packed = False


def read(out: owned.Channel[Order]) -> None:
    """The first stage: makes orders."""
    with out:  # closed at the end, however it comes: the next stage stops once it has had everything
        for number in range(ORDERS):
            order = Order(number)
            order.items += ["tea"] * (number % 3)
            out.put(order)


def stage(work: Callable[[Order], Order], source: owned.Channel[Order], out: owned.Channel[Order], left: Any) -> None:
    """A stage in the middle, run by several threads: the last of them closes what comes after it."""
    try:
        for order in source:
            out.put(work(order))
    finally:
        source.close()  # if this stage fails, the one before it is told by its next put
        if left.decrement() == 0:
            out.close()


def pack(order: Order) -> Order:
    order.items.append("invoice")
    order.packed = True
    return order


def run(packers: int) -> Iterable[Order]:
    """The orders, packed; an exception of a stage is raised here."""
    fresh: owned.Channel[Order] = owned.Channel(8, name="fresh")
    packed: owned.Channel[Order] = owned.Channel(8, name="packed")
    left = owned.Counter(packers)
    threads = [
        owned.Thread(target=read, args=(fresh,)),
        *(owned.Thread(target=stage, args=(pack, fresh, packed, left)) for _ in range(packers)),
    ]
    for thread in threads:
        thread.start()
    yield from packed  # each order is this thread's now
    for thread in threads:
        thread.join()
        thread.result()


def main() -> None:
    numbers, items = set(), 0
    for order in run(PACKERS):
        assert order.packed
        numbers.add(order.number)
        items += len(order.items)
    print(f"{len(numbers)} of {ORDERS} orders at the door, {items} items")


if __name__ == "__main__":
    main()
