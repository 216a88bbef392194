# SPDX-License-Identifier: MIT
"""Threads that wait, and say so before they do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from locks import LIMIT, join
from owned._waits import direct_waits


class Waiter:
    """A thread that makes a call which has to wait: once it is made, it stands in the queue, or has ended."""

    def __init__(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self.result: Any = None
        self.error: BaseException | None = None
        self.waited = False
        self._at_it = threading.Event()

        def run() -> None:
            direct_waits(self._about_to_wait)
            try:
                self.result = call(*args, **kwargs)
            except BaseException as error:
                self.error = error
            finally:
                direct_waits(None)
                self._at_it.set()

        self.thread = threading.Thread(target=run, name="waiter")
        self.thread.start()
        assert self._at_it.wait(LIMIT)

    def _about_to_wait(self, what: object, for_ever: bool) -> bool:
        self.waited = True
        self._at_it.set()
        return False

    def end(self) -> Any:
        """Its result, or its exception raised here."""
        join(self.thread)
        if self.error is not None:
            raise self.error
        return self.result
