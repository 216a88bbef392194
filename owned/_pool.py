# SPDX-License-Identifier: MIT
"""``ThreadPoolExecutor``: the standard one, whose tasks get what may pass and hand over what they make.

The workers, the queue, shutting down and the interpreter's exit are the standard pool's. What is ours is what goes
through its queue: a ``_Work`` instead of the standard work item, and with it a ``Future`` that knows whose its result
is.
"""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.thread
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from owned import _core
from owned._task import Unguarded, check_unguarded, take

_T = TypeVar("_T")

_standard = concurrent.futures.thread
_NOTHING = object()
_PREPARED: Any = object()
"""In the function's place when the standard ``map`` calls our ``submit`` with a task that was judged already."""


class Future(concurrent.futures.Future[_T]):
    """What ``submit`` gives: a ``concurrent.futures.Future`` that hands over what its task made.

    The first thread that takes the result, or the exception, owns it and all that the task made.
    """

    _work: _Work | None = None
    """The task, once it has run, if it made something or returned a parcel."""
    _taken: Any = _NOTHING
    """What was in the parcel that the task returned."""

    def result(self, timeout: float | None = None) -> _T:
        """What the task returned; the first thread that asks owns it and all that the task made.

        Args:
            timeout: how many seconds to wait; None: as long as it takes.

        Returns:
            What the function returned. Where that is a ``Parcel``, what is in it.

        Raises:
            TimeoutError: the task has not ended in time.
            CancelledError: it was cancelled.
            BaseException: what the function raised.

        Threads:
            Any. A thread that comes second gets the same object, which is private to the first.
        """
        try:
            value = super().result(timeout)
        except BaseException as error:
            if self._work is not None and self.done() and super().exception() is error:
                self._work.arrive()
            self = None  # type: ignore[assignment]  # the traceback has this frame, and the future has the exception
            raise
        return value if self._work is None else self._take(value)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """What the task raised, or None; taking an exception takes what the task made, as ``result`` does.

        Args:
            timeout: how many seconds to wait; None: as long as it takes.

        Returns:
            The exception; None if the task returned: its result can be taken still, by whoever asks for it.

        Raises:
            TimeoutError: the task has not ended in time.
            CancelledError: it was cancelled.

        Threads:
            Any; see ``result``.
        """
        error = super().exception(timeout)
        if error is not None and self._work is not None:
            self._work.arrive()
        return error

    def _get_snapshot(self) -> tuple[bool, bool, _T | None, BaseException | None]:
        # What asyncio asks from 3.14 on, on the thread of its loop, where it asked result() and exception() before.
        done, cancelled, value, error = super()._get_snapshot()  # type: ignore[misc]
        if done and not cancelled and self._work is not None:
            if error is None:
                value = self._take(value)
            else:
                self._work.arrive()
        return done, cancelled, value, error

    def _take(self, value: Any) -> Any:
        work = self._work
        if isinstance(value, _core.Parcel):
            with self._condition:
                if self._taken is _NOTHING:
                    self._taken = take(work, value)
                return self._taken
        assert work is not None
        work.arrive()
        return value


class _Work(_core.Task[Any]):
    """One task on its way through the standard pool's queue, which asks of what comes out for `future` and `run`."""

    __slots__ = ("future",)

    future: Future[Any]

    def run(self, *_context: object) -> None:
        """Make the call. From 3.14 on the worker brings its context, which does nothing here."""
        future = self.future
        if not future.set_running_or_notify_cancel():
            return
        try:
            value = self.run_apart()
        except BaseException as error:
            if self.waits:
                future._work = self
            del self.future
            future.set_exception(error)
            del self, future  # the traceback has this frame
        else:
            if self.waits or isinstance(value, _core.Parcel):
                future._work = self
            del self.future
            future.set_result(value)


class ThreadPoolExecutor(concurrent.futures.ThreadPoolExecutor):
    """``concurrent.futures.ThreadPoolExecutor`` whose tasks get only what may pass and hand over all that they make.

    Each task runs in a region of its own. What it makes and claims is private to it while it runs, and belongs to the
    first thread that takes its result or its exception, in constant time whatever that is. What it put into a shared
    object is shared. What the ``initializer`` made belongs to its worker thread, and stays there.

    Args:
        max_workers: how many threads there may be; None: as many as the standard pool would use.
        thread_name_prefix: how their names begin.
        initializer: called by each worker thread when it begins.
        initargs: the arguments for it.
        unguarded: what to do with an argument that can change and that nobody guards: ``"raise"`` refuses it,
            ``"wrap"`` wraps it with ``own()`` and moves it, ``"pass"`` lets it pass as the standard pool does.
        **context: what the standard pool takes beside these.

    Raises:
        TypeError: the initializer cannot be called, or its arguments may not pass.
        ValueError: `unguarded` is another word, or there are to be no workers.

    Threads:
        Any thread may submit; each hands over what is its own. Not checked: the globals that the functions use.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        *,
        unguarded: Unguarded = "raise",
        **context: Any,
    ) -> None:
        check_unguarded(unguarded)
        if callable(initializer) and isinstance(initargs, tuple):  # each worker gets the same ones: none can be wrapped
            _core.Task(initializer, initargs, None, "pass" if unguarded == "pass" else "raise")
        super().__init__(max_workers, thread_name_prefix, initializer, initargs, **context)
        self._unguarded = unguarded

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Have a call made by a worker thread.

        Args:
            fn: the function. What it brings along is judged as the arguments are: the variables of its closure, its
                defaults, the object that a method is bound to, what is in a ``functools.partial``.
            *args: its arguments: frozen, shared, immutable, or moved: of a ``Parcel`` the function gets what is in it.
            **kwargs: its arguments by name.

        Returns:
            The future. The first thread that takes its result owns all that the task made.

        Raises:
            TypeError: an argument can change and nobody guards it.
            WrongThreadError, MovedError, OrphanedError: an argument is private and was not moved, or is not this
                thread's to give.
            RuntimeError: the pool was shut down, or the interpreter is about to end.
            BrokenThreadPool: the initializer failed.
            In every case nothing was moved and nothing runs.

        Threads:
            Any thread, tasks of the pool included.
        """
        work: Any = args[0] if fn is _PREPARED else _Work(fn, args, kwargs, self._unguarded)
        work.future = future = Future[_T]()
        with self._shutdown_lock, _standard._global_shutdown_lock:
            if not (self._broken or self._shutdown or _standard._shutdown):
                self._work_queue.put(work)
                self._adjust_thread_count()
                return future
        super().submit(fn, *args, **kwargs)  # it says why there is no submitting any more
        raise AssertionError("a pool that was shut down took a task")

    def map(self, fn: Callable[..., _T], *iterables: Iterable[Any], **options: Any) -> Iterator[_T]:
        """``submit`` for each item, and the results in order, each owned by the thread that takes it.

        Args:
            fn: the function.
            *iterables: where its arguments come from. All are judged before the first call is made, unless there is a
                ``buffersize``.
            **options: ``timeout``, ``chunksize`` (of no use here), and ``buffersize`` from 3.14 on, as in the standard
                pool.

        Returns:
            An iterator of results.

        Raises:
            TypeError, WrongThreadError, MovedError, OrphanedError: an argument may not pass, see ``submit``; a note on
                the exception tells for which item.

        Threads:
            Any; the thread that takes an item from the iterator owns it.
        """
        prepared = self._prepared(fn, zip(*iterables, strict=False))
        return super().map(_PREPARED, list(prepared) if options.get("buffersize") is None else prepared, **options)

    def _prepared(self, fn: Callable[..., _T], items: Iterable[tuple[Any, ...]]) -> Iterator[_Work]:
        for i, args in enumerate(items):
            try:
                work = _Work(fn, args, None, self._unguarded)
            except Exception as error:
                error.add_note(f"It was to be item {i} of map().")
                raise
            yield work
