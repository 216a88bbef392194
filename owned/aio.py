# SPDX-License-Identifier: MIT
"""asyncio: calls in other threads that hand over what they get and give, and objects that one task has alone.

An event loop runs in one thread, and what that thread owns serves all its tasks and callbacks. Nothing has to be done
for objects that stay there; what is here is for those that come and go.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import queue
import sys
from collections.abc import Callable
from typing import Any, Generic, NoReturn, ParamSpec, TypeVar

from owned import _core, _pool, _violations
from owned._core import Channel, task_private
from owned._task import Unguarded, admit_callback, check_unguarded, take
from owned.errors import ChannelClosed

__all__ = ["Queue", "call_soon_threadsafe", "run_in_executor", "task_of", "task_private", "to_thread"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def to_thread(func: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """``asyncio.to_thread`` that hands over: the thread gets only what may pass, the caller owns all that it made.

    Args:
        func: called in a thread of the loop's default executor, in a copy of the caller's context. What it brings along
            is judged as its arguments are: the variables of its closure, its defaults, what a method is bound to.
        *args: its arguments: frozen, shared, immutable, or moved: of a ``Parcel`` the function gets what is in it.
        **kwargs: its arguments by name.

    Returns:
        What the function returned; of a ``Parcel``, what is in it.

    Raises:
        TypeError: an argument can change and nobody guards it. ``run_in_executor(None, ...)`` has options for that.
        WrongThreadError, MovedError, OrphanedError: an argument is private and was not moved, or is not this thread's
            to give. In these cases nothing was moved and nothing runs.
        BaseException: what the function raised. The frames of its traceback have been cleared.

    Threads:
        A coroutine of the loop's thread, which owns what the function made. Where the waiting task is cancelled, the
        function runs to its end as with asyncio, and what it made is dropped: in strict mode with an
        ``UnclaimedWarning`` if what it returned was guarded.
    """
    work = _core.Task(func, args, kwargs)
    call = _Call(work, contextvars.copy_context())
    return await _result(asyncio.get_running_loop().run_in_executor(None, call), work)


def run_in_executor(
    executor: concurrent.futures.Executor | None,
    func: Callable[..., _T],
    /,
    *args: Any,
    unguarded: Unguarded = "raise",
) -> asyncio.Future[_T]:
    """``loop.run_in_executor`` of the running loop that hands over, as ``to_thread`` does.

    Args:
        executor: a pool of threads; None: the loop's default one. To one of processes or interpreters, where all that
            is sent is a copy, the call goes as it is. An ``owned.ThreadPoolExecutor`` does all this by itself, and its
            own `unguarded` counts.
        func: called in a thread of the pool; judged as in ``to_thread``.
        *args: its arguments.
        unguarded: what to do with an argument that can change and that nobody guards: ``"raise"`` refuses it,
            ``"wrap"`` wraps it with ``own()`` and moves it, ``"pass"`` lets it pass.

    Returns:
        A future of the running loop. The call begins at once, whether the future is awaited or not.

    Raises:
        RuntimeError: no event loop runs in this thread.
        ValueError: `unguarded` is another word.
        TypeError, WrongThreadError, MovedError, OrphanedError: as ``to_thread``.

    Threads:
        The thread of the loop, which owns what the function made. The context is not copied.
    """
    check_unguarded(unguarded)
    loop = asyncio.get_running_loop()
    if isinstance(executor, _pool.ThreadPoolExecutor) or _sends_copies(executor):
        return loop.run_in_executor(executor, func, *args)
    work = _core.Task(func, args, None, unguarded)
    return loop.create_task(_result(loop.run_in_executor(executor, _Call(work, None)), work))


def call_soon_threadsafe(
    loop: asyncio.AbstractEventLoop,
    callback: Callable[..., object],
    /,
    *args: Any,
    context: contextvars.Context | None = None,
    unguarded: Unguarded = "raise",
) -> asyncio.Handle:
    """``loop.call_soon_threadsafe`` that hands over: the callback gets what is in the parcels among its arguments.

    Args:
        loop: the loop.
        callback: called by it, with no task. It may be bound to what belongs to the loop's thread, or use that: what is
            another thread's already is left to the checks there.
        *args: its arguments: frozen, shared, immutable, the loop's own, or moved.
        context: the context to call it in; None: a copy of the current one.
        unguarded: what to do with an argument that can change and that nobody guards, see ``run_in_executor``.
            ``"pass"`` is also for a closure over what only the loop uses.

    Returns:
        What ``loop.call_soon_threadsafe`` returns: a handle that can be cancelled. A parcel is claimed when the
        callback is called, so that of a cancelled one can be claimed by somebody else.

    Raises:
        TypeError: the callback cannot be called, or something can change and nobody guards it; the message names it.
        WrongThreadError: something is private to the calling thread and was not moved.
        ValueError: `unguarded` is another word.
        RuntimeError: the loop is closed.
        In every case nothing is called.

    Threads:
        Any. The loop's thread owns what was in the parcels.
    """
    check_unguarded(unguarded)
    args = admit_callback(callback, args, unguarded)
    return loop.call_soon_threadsafe(_Callback(callback), *args, context=context)


def task_of(obj: object, /) -> Any:
    """The task that has an object alone.

    Args:
        obj: any object, or a ``Region``.

    Returns:
        The task that called ``task_private``, an ``asyncio.Task`` or a ``trio.lowlevel.Task``; None for what is private
        to no task, or to one that is gone, or to a context.

    Threads:
        Any thread, any object: looks without touching. The answer may be old by the time it is used.
    """
    facts = _core.region_facts(obj)
    info = None if facts is None else _violations.task_of(facts)
    return None if info is None or info.name is None else info.task


class Queue(Generic[_T]):
    """A ``Channel`` under the names of ``asyncio.Queue``: for coroutines that were written for one.

    Its other end are the threads that use the channel. Both directions hand over, both wait without blocking the loop,
    and several loops may use one channel, each through a Queue of its own or through the same.

    Args:
        maxsize: put() waits while so many items are in it; 0 or less: no limit.
        channel: the channel that it gives access to; None: a new one.

    Attributes:
        channel: the channel, for the threads.

    Raises:
        TypeError: `channel` is no channel, or there are both a channel and a limit.

    Threads:
        The coroutines are for event loops, any number of them; the other methods for any thread. There are no
        ``task_done`` and ``join``: it does not see what the threads take.
    """

    __slots__ = ("__weakref__", "channel")

    channel: Channel[_T]

    def __init__(self, maxsize: int = 0, *, channel: Channel[_T] | None = None) -> None:
        if channel is None:
            channel = Channel(maxsize)
        elif not isinstance(channel, Channel):
            raise TypeError(f"`channel` must be a Channel, got {type(channel).__name__}")
        elif maxsize != 0:
            raise TypeError("`maxsize` is for a new channel, and this one has its limit already: leave one of them out")
        self.channel = channel

    def __repr__(self) -> str:
        """The channel's, in brackets."""
        return f"<Queue of {self.channel!r}>"

    async def get(self) -> _T:
        """The first item, when there is one; the loop's thread owns it.

        Raises:
            asyncio.QueueShutDown: it is shut down and empty. Before 3.13, where there is none, ``ChannelClosed``.
        """
        try:
            return await self.channel.aget()
        except ChannelClosed as error:
            _raise_shut_down(error)

    async def put(self, item: _T) -> None:
        """Put an item in, when there is room; what is private to this thread is moved.

        Raises:
            asyncio.QueueShutDown: it is shut down. Before 3.13 ``ChannelClosed``.
            TypeError, WrongThreadError, MovedError, OrphanedError: the item may not pass, see ``Channel.put``.
        """
        try:
            await self.channel.aput(item)
        except ChannelClosed as error:
            _raise_shut_down(error)

    def get_nowait(self) -> _T:
        """The first item, or ``asyncio.QueueEmpty``."""
        try:
            return self.channel.get_nowait()
        except queue.Empty:
            raise asyncio.QueueEmpty from None
        except ChannelClosed as error:
            _raise_shut_down(error)

    def put_nowait(self, item: _T) -> None:
        """Put an item in at once, or raise ``asyncio.QueueFull``."""
        try:
            self.channel.put_nowait(item)
        except queue.Full:
            raise asyncio.QueueFull from None
        except ChannelClosed as error:
            _raise_shut_down(error)

    def qsize(self) -> int:
        """How many items are in it at this moment."""
        return self.channel.qsize()

    def empty(self) -> bool:
        """Is no item in it at this moment?"""
        return self.channel.empty()

    def full(self) -> bool:
        """Would put() have to wait at this moment?"""
        return self.channel.full()

    @property
    def maxsize(self) -> int:
        """The limit that the channel was made with."""
        return self.channel.maxsize

    def shutdown(self) -> None:
        """Close the channel: what is in it can still be got. (There is no ``immediate``: nothing is thrown away.)"""
        self.channel.close()


# ---- what runs elsewhere -------------------------------------------------------------------------------------------


class _Call:
    """What the executor's thread calls. It is among the known types that may pass: an executor of ours judges it."""

    __slots__ = ("_context", "_work")

    def __init__(self, work: _core.Task[Any], context: contextvars.Context | None) -> None:
        self._work = work
        self._context = context

    def __call__(self) -> Any:
        work, context = self._work, self._context
        del self._work, self._context, self  # the executor may keep what it called for a while
        return work.run_apart() if context is None else context.run(work.run_apart)


async def _result(future: asyncio.Future[_T], work: _core.Task[_T]) -> _T:
    """What the call returned or raised, for the loop's thread, with all that it made."""
    try:
        value: _T = take(work, await future)
    except BaseException as error:
        if future.done() and not future.cancelled() and future.exception() is error:
            work.arrive()
        raise
    else:
        return value
    finally:
        del future, work  # the traceback has this frame, and the future has the exception


def _sends_copies(executor: object) -> bool:
    """Is it an executor whose workers are processes or interpreters?"""
    for module, name in (
        ("concurrent.futures.process", "ProcessPoolExecutor"),
        ("concurrent.futures.interpreter", "InterpreterPoolExecutor"),
    ):
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(executor, kind):
            return True
    return False


class _Callback:
    """What the loop calls; in its repr, which asyncio's debug mode shows, is the callback."""

    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[..., object]) -> None:
        self._callback = callback

    def __call__(self, *args: Any) -> object:
        return self._callback(*[one.claim() if isinstance(one, _core.Parcel) else one for one in args])

    def __repr__(self) -> str:
        return f"call_soon_threadsafe({_violations.label('attribute', getattr(self._callback, '__qualname__', None))})"


def _raise_shut_down(error: ChannelClosed) -> NoReturn:
    shut_down: type[Exception] | None = getattr(asyncio, "QueueShutDown", None)
    if shut_down is None:
        raise error
    raise shut_down(*error.args) from None
