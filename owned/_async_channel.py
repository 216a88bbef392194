# SPDX-License-Identifier: MIT
"""``aget``, ``aput`` and ``async for`` of a Channel: its tasks wait on the event loop instead of in the thread.

A task that has to wait leaves a callback with the channel (``Channel._when``), which stands in one queue with the
threads that wait. When it is called, on whatever thread, the task's loop is told, and the task tries again. So an item
is taken in the very step in which the task gets it, and is in the channel or with a getter at every moment: a task that
is cancelled, by a timeout for example, has taken nothing, and the channel wakes the next one in its stead.
"""

from __future__ import annotations

import asyncio
import queue
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar

from owned.errors import ChannelClosed

if TYPE_CHECKING:
    from owned._core import Channel

_T = TypeVar("_T")


async def aget(channel: Channel[_T]) -> _T:
    """Called by ``Channel.aget``."""
    while True:
        try:
            return channel.get_nowait()
        except queue.Empty:
            pass
        await _may_succeed(channel, "get")


async def aput(channel: Channel[_T], item: _T) -> None:
    """Called by ``Channel.aput``."""
    while True:
        try:
            return channel.put_nowait(item)
        except queue.Full:
            pass
        await _may_succeed(channel, "put")


class aiterate(Generic[_T]):  # called like a function: what ``async for`` goes through
    """Called by ``Channel.__aiter__``."""

    __slots__ = ("_channel",)

    def __init__(self, channel: Channel[_T]) -> None:
        self._channel = channel

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _T:
        try:
            return await aget(self._channel)
        except ChannelClosed:
            raise StopAsyncIteration from None


async def _may_succeed(channel: Channel[Any], kind: Literal["get", "put"]) -> None:
    """Wait until a get or a put is worth trying."""
    loop = asyncio.get_running_loop()
    woken = loop.create_future()

    def wake() -> object:  # on any thread
        try:
            loop.call_soon_threadsafe(_set, woken)
        except RuntimeError:  # the loop was closed while the task waited: it will never run again
            return token  # whose turn is the next one's
        return None

    token = channel._when(kind, wake)
    try:
        await woken
    except BaseException:
        token.cancel()  # if it was called already, the next in the queue is woken
        raise


def _set(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
