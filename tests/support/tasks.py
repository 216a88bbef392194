# SPDX-License-Identifier: MIT
"""Tasks that stay open and run what they are given: for tests that are no coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class Tasks:
    """An event loop with named tasks, each of which runs one function after another."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._inboxes: dict[str, asyncio.Queue[Any]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def run(self, name: str, function: Callable[[], Any]) -> Any:
        """What the function returns or raises when the task of that name calls it."""
        return self._loop.run_until_complete(self._hand(name, function))

    def end(self, name: str) -> None:
        """Let a task end."""
        del self._inboxes[name]
        task = self._tasks.pop(name)
        task.cancel()
        self._loop.run_until_complete(asyncio.wait([task]))

    def close(self) -> None:
        """Let all of them end, and close the loop."""
        for name in list(self._tasks):
            self.end(name)
        self._loop.close()

    async def _hand(self, name: str, function: Callable[[], Any]) -> Any:
        if name not in self._inboxes:
            self._inboxes[name] = asyncio.Queue()
            self._tasks[name] = asyncio.create_task(self._serve(self._inboxes[name]), name=name)
        answer = asyncio.get_running_loop().create_future()
        self._inboxes[name].put_nowait((function, answer))
        return await answer

    async def _serve(self, inbox: asyncio.Queue[Any]) -> None:
        while True:
            function, answer = await inbox.get()
            try:
                answer.set_result(function())
            except Exception as error:
                answer.set_exception(error)
            del function, answer
