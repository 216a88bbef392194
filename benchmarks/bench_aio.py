# SPDX-License-Identifier: MIT
"""What does handing over cost an asyncio program?

``channels``: a thread puts items, a task of the loop gets them, or the other way round, until all are through; against
janus, culsans (left out where they are not installed) and, towards the loop, ``asyncio.Queue`` with
``call_soon_threadsafe``. ``int`` items pass as they are; a guarded one is moved, which the others do not do.
``to_thread``: one call after another, awaited, against ``asyncio.to_thread``. ``access``: a field of an object read and
written in a task: of a plain class, of a guarded one, of one that the task has alone.

Interleaved in one run; microseconds per item or call, nanoseconds of this thread's time per access, medians over the
rounds, and the median of the ratios to the first of each group in the same round. Not measured: many getters at once,
and latency.

    python benchmarks/bench_aio.py [--rounds N] [--items N]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import sysconfig
import threading
import time
import timeit
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import owned
from owned import aio

Times = dict[tuple[str, str], list[float]]


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


def peers() -> dict[str, Any]:
    """The modules of janus and culsans that are installed."""
    found = {}
    for name in ("janus", "culsans"):
        try:
            found[name] = import_module(name)
        except ImportError:
            print(f"{name} is not installed: left out")
    return found


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
    made |= {name: lambda module=module: theirs(module) for name, module in modules.items()}
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


async def channels(times: Times, count: int, modules: dict[str, Any]) -> None:
    for to_loop in (True, False):
        for size in (0, 100):
            group = f"{'thread to task' if to_loop else 'task to thread'}, {f'limit {size}' if size else 'no limit'}"
            for name, make in pipes(to_loop, modules, size).items():
                item = Item if name.endswith("moved") else int
                taken = await through(make, item, count, to_loop)
                times.setdefault((group, name), []).append(taken / count * 1e6)


def call(value: Any) -> Any:
    return value


async def calls(times: Times, count: int) -> None:
    for name, to_thread in {"asyncio.to_thread": asyncio.to_thread, "owned.aio.to_thread": aio.to_thread}.items():
        begin = time.perf_counter()
        for i in range(count):
            await to_thread(call, i)
        times.setdefault(("to_thread, an int", name), []).append((time.perf_counter() - begin) / count * 1e6)
    begin = time.perf_counter()
    for i in range(count):
        await aio.to_thread(call, owned.move(Item(i)))
    taken = (time.perf_counter() - begin) / count * 1e6
    times.setdefault(("to_thread, an int", "owned.aio.to_thread, moved"), []).append(taken)


async def accesses(times: Times) -> None:
    loops = 50_000
    objects = {"plain": Plain(1), "checked": Item(1), "task_private": owned.task_private(Item(1))}
    for what, statement in {"read": "x.value", "write": "x.value = 1"}.items():
        empty = timeit.timeit("pass", number=loops, timer=time.thread_time)
        for name, x in objects.items():
            taken = timeit.timeit(statement, number=loops, globals={"x": x}, timer=time.thread_time) - empty
            times.setdefault((f"{what} a field, ns", name), []).append(taken / loops * 1e9)


async def measure(rounds: int, count: int) -> Times:
    times: Times = {}
    modules = peers()
    for _ in range(rounds):
        await channels(times, count, modules)
        await calls(times, max(1, count // 10))
        await accesses(times)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--items", type=int, default=5000)
    arguments = parser.parse_args()
    times = asyncio.run(measure(arguments.rounds, arguments.items))
    build = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "GIL"
    print(f"Python {sys.version.split()[0]}, {build}")
    first: dict[str, list[float]] = {}
    for (group, name), taken in times.items():
        base = first.setdefault(group, taken)
        ratio = statistics.median([one / other for one, other in zip(taken, base, strict=True)])
        print(f"{group:26} {name:27} {statistics.median(taken):9.2f} {ratio:6.2f}")


if __name__ == "__main__":
    main()
