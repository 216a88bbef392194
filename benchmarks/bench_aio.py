# SPDX-License-Identifier: MIT
"""What handing over costs an asyncio program.

- Channels: a thread puts items, a task of the loop gets them, or the other way round, until all are through; beside
  janus, culsans and, towards the loop, ``asyncio.Queue`` with ``call_soon_threadsafe``. Numbers pass as they are; a
  guarded object is moved, which the others do not do.
- ``to_thread``: one call after another, awaited, beside ``asyncio.to_thread``.
- Access: a field of an object read and written by its thread: of a plain class, of a guarded one, of one that a task
  has alone.

Not measured: many getters at once, and latency.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import owned
from benchmarks.harness import REPEATS, Case, Time, importable, not_importable, statement
from owned import aio

QUESTION = "asyncio"
MODULES = ("janus", "culsans")


def missing() -> list[str]:
    return not_importable(*MODULES)


@owned.owned
class Item:
    """What is moved."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value


class Plain:
    """The same, and nobody guards it."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value


class Pipe:
    """One way between a thread and a loop: how each side gives and takes."""

    def __init__(
        self,
        put: Callable[[Any], Any],
        get: Callable[[], Any],
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.put = put
        self.get = get
        self.close = close


def pipes(to_loop: bool, modules: dict[str, Any], size: int) -> dict[str, Callable[[], Pipe]]:
    """How to make each; called with the loop running."""

    def ours() -> Pipe:
        channel: owned.Channel[Any] = owned.Channel(size)
        return Pipe(channel.put, channel.aget) if to_loop else Pipe(channel.aput, channel.get)

    def theirs(module: Any) -> Pipe:
        both = module.Queue(size)

        async def close() -> None:
            await both.aclose()

        if to_loop:
            return Pipe(both.sync_q.put, both.async_q.get, close)
        return Pipe(both.async_q.put, both.sync_q.get, close)

    def asyncios() -> Pipe:
        loop, items = asyncio.get_running_loop(), asyncio.Queue[Any]()
        return Pipe(lambda item: loop.call_soon_threadsafe(items.put_nowait, item), items.get)

    made: dict[str, Callable[[], Pipe]] = {"owned.Channel": ours, "owned.Channel, moved": ours}
    made |= {name: functools.partial(theirs, module) for name, module in modules.items()}
    if to_loop and not size:
        made["asyncio.Queue, threadsafe"] = asyncios
    return made


async def through(make: Callable[[], Pipe], item: Callable[[int], Any], count: int, to_loop: bool) -> float:
    """Seconds until all items are through."""
    pipe = make()

    def in_thread() -> None:
        if to_loop:
            for i in range(count):
                pipe.put(item(i))
        else:
            for _ in range(count):
                pipe.get()

    thread = threading.Thread(target=in_thread)
    begin = time.perf_counter()
    thread.start()
    if to_loop:
        for _ in range(count):
            await pipe.get()
    else:
        for i in range(count):
            await pipe.put(item(i))
        while thread.is_alive():
            await asyncio.sleep(0)
    taken = time.perf_counter() - begin
    thread.join()
    if pipe.close is not None:
        await pipe.close()
    return taken


def channels() -> list[Case]:
    """Through a channel, and through what others have."""
    modules = {name: module for name in MODULES if (module := importable(name)) is not None}
    found = []
    for to_loop in (True, False):
        for size in (0, 100):
            what = f"{'thread to task' if to_loop else 'task to thread'}, {f'at most {size}' if size else 'no limit'}"
            for name, make in pipes(to_loop, modules, size).items():
                item = Item if name.endswith("moved") else int
                found.append(Case(what, name, sent(make, item, to_loop), "owned.Channel", seconds=0.03, rounds=4))
    return found


def sent(make: Callable[[], Pipe], item: Callable[[int], Any], to_loop: bool) -> Time:
    return lambda loops: asyncio.run(through(make, item, loops, to_loop))


def same(value: Any) -> Any:
    return value


def called(to_thread: Callable[..., Awaitable[Any]], argument: Callable[[int], Any]) -> Time:
    """Seconds of so many calls in threads, one after another."""

    async def calls(loops: int) -> float:
        began = time.perf_counter()
        for number in range(loops):
            await to_thread(same, argument(number))
        return time.perf_counter() - began

    return lambda loops: asyncio.run(calls(loops))


def calls() -> list[Case]:
    """A function that does nothing, in a thread."""
    subjects: dict[str, tuple[Callable[..., Awaitable[Any]], Callable[[int], Any]]] = {
        "asyncio.to_thread": (asyncio.to_thread, int),
        "owned.aio.to_thread": (aio.to_thread, int),
        "owned.aio.to_thread, moved": (aio.to_thread, lambda number: owned.move(Item(number))),
    }
    found = []
    for name, (to_thread, argument) in subjects.items():
        timed = called(to_thread, argument)
        found.append(Case("call in a thread", name, timed, "asyncio.to_thread", seconds=0.03, rounds=4))
    return found


def accesses() -> list[Case]:
    """Fields of what a task has alone."""
    objects = {"plain slots": Plain(1), "owned slots": Item(1), "task_private": owned.task_private(Item(1))}
    return [
        Case(what, name, statement(code, {"x": x}), "plain slots", per_loop=REPEATS)
        for what, code in {"read": "x.value", "write": "x.value = 1"}.items()
        for name, x in objects.items()
    ]


def cases() -> list[Case]:
    return channels() + calls() + accesses()
