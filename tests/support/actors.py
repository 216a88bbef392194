# SPDX-License-Identifier: MIT
"""Threads that do what they are told, one step at a time: the schedule is the test's."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any


class Actor:
    """A thread that runs the functions it is given, in order, until it is ended."""

    def __init__(self, name: str) -> None:
        self._orders: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._work, name=name, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            order()
            del order

    def __call__(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run on this actor's thread; the result, or its exception raised here."""

        def order() -> None:
            try:
                self._results.put((function(*args), None))
            except BaseException as error:
                self._results.put((None, error.with_traceback(None)))

        self.tell(order)
        result, error = self._results.get(timeout=30)
        if error is not None:
            raise error
        return result

    def tell(self, order: Callable[[], None]) -> None:
        """Run on this actor's thread, and do not wait for it; the order must not raise."""
        self._orders.put(order)

    def end(self) -> None:
        """Let the thread end, and wait for it."""
        self._orders.put(None)
        self.thread.join(30)
        assert not self.thread.is_alive()
