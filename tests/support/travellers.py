# SPDX-License-Identifier: MIT
"""What goes to other processes, and what is done with it there: importable by any child."""

from __future__ import annotations

import multiprocessing
import threading
from typing import Any

import owned


@owned.owned
class Session:
    """Holds what cannot travel, if it is given any."""

    def __init__(self, handle: Any = None) -> None:
        self.handle = handle


@owned.owned
class Order:
    """Fields in a __dict__."""

    def __init__(self, total: int = 1, session: Any = None) -> None:
        self.total = total
        self.items = [total]
        self.session = session

    def double(self) -> Order:
        """Change it where it is."""
        self.total *= 2
        self.items.append(self.total)
        return self


@owned.owned
class Slim:
    """Fields in slots."""

    __slots__ = ("handle", "total")

    def __init__(self, total: int = 1, handle: Any = None) -> None:
        self.total = total
        self.handle = handle


class Plain:
    """A class that knows nothing of us."""

    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)


def double(order: Any) -> Any:
    """The order itself, changed."""
    return order.double()


def whose(order: Any) -> tuple[str, str, str]:
    """The state of what arrived, whose it is, and who looks."""
    owner = owned.owner(order)
    return str(owned.state(order)), "nobody" if owner is None else owner.name, threading.current_thread().name


def double_moved(parcel: Any) -> Any:
    """A stage of a pipeline: claim, change, move on."""
    return owned.move(parcel.claim().double())


def answer(orders: Any, answers: Any) -> None:
    """A worker: what comes out of one queue is changed and put into the other one, until None comes."""
    while (order := orders.get()) is not None:
        if isinstance(order, owned.Parcel):
            order = order.claim()
        orders.task_done() if hasattr(orders, "task_done") else None
        answers.put((order.double(), whose(order)))


def answer_claim(order: Any, parcel: Any, answers: Any) -> None:
    """What a process was started with."""
    answers.put((whose(order), order.double().total, parcel.claim().double().total))


def answer_pipe(order: Any, connection: Any) -> None:
    """The same, of a parcel that the process has as an attribute."""
    parcel = multiprocessing.current_process().parcel  # type: ignore[attr-defined]
    connection.send((whose(order), order.double().total, parcel.claim().double().total))
