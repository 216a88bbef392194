# SPDX-License-Identifier: MIT
"""``Thread``: the standard one, which gets what may pass, and whose ``join()`` hands over what it made."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from owned import _core
from owned._task import Unguarded, check_unguarded, forget_frames
from owned._threads import describe_error


class Thread(threading.Thread):
    """``threading.Thread`` that gets only what may pass, and whose ``join()`` hands over all that it made.

    What the thread makes is its own while it runs. The first thread that joins it, after it has ended, owns all of that
    from then on, in constant time: ``join()`` is ``adopt(thread)`` as well. ``result()`` gives what the target
    returned.

    Args:
        group: None.
        target: what to call. It is judged as the arguments are: the variables of its closure, its defaults, the object
            that a method is bound to, what is in a ``functools.partial``.
        name: the thread's name.
        args: the arguments: frozen, shared, immutable, or moved: of a ``Parcel`` the target gets what is in it.
        kwargs: arguments by name.
        daemon: whether the program may end without it; None: as the thread that makes it.
        unguarded: what to do with an argument that can change and that nobody guards: ``"raise"`` refuses it,
            ``"wrap"`` wraps it with ``own()`` and moves it, ``"pass"`` lets it pass as ``threading.Thread`` does.
        **context: what ``threading.Thread`` takes beside these: ``context`` from 3.14 on.

    Raises:
        TypeError: an argument can change and nobody guards it, or `target` cannot be called.
        WrongThreadError, MovedError, OrphanedError: an argument is private and was not moved, or is not this thread's
            to give.
        ValueError: `unguarded` is another word.

    Threads:
        As ``threading.Thread``. A subclass may override ``run``. Not checked: what the thread reaches through ``self``
        and through globals.
    """

    _call: _Call | None = None
    _error: BaseException | None = None
    _is_begun = False
    _is_inherited = False

    def __init__(
        self,
        group: None = None,
        target: Callable[..., object] | None = None,
        name: str | None = None,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        daemon: bool | None = None,
        unguarded: Unguarded = "raise",
        **context: Any,
    ) -> None:
        check_unguarded(unguarded)
        call = None if target is None else _Call(target, tuple(args), dict(kwargs or {}), unguarded)
        super().__init__(group, call, name, daemon=daemon, **context)
        self._call = call

    def start(self) -> None:
        """Start it.

        Raises:
            RuntimeError: it was started before, or the system has no thread to give.

        Threads:
            Any; once.
        """
        if self._is_begun:
            super().start()  # which refuses
            return
        body = self.run
        self._is_begun = True
        self.run = lambda: self._run(body)  # type: ignore[method-assign]
        super().start()  # where that is refused, it may be tried again; where it is interrupted, the thread may run

    def _run(self, body: Callable[[], object]) -> None:
        del self.__dict__["run"]  # which refers to this thread
        try:
            body()
        except BaseException as error:
            self._error = error
            _core.thread_ends_by(describe_error(error))
            _tell(self, error)
            forget_frames(error)
            self = body = None  # type: ignore[assignment]  # the traceback has this frame

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended; then all that it made and still has is the calling thread's.

        Args:
            timeout: how many seconds to wait; None: as long as it takes.

        Raises:
            RuntimeError: it was not started, or is the calling thread.

        Threads:
            Any but itself. The first one that joins it after it has ended owns what it left, once and for all; the
            others only wait.
        """
        super().join(timeout)
        if not self._is_inherited and not self.is_alive():
            _core.inherit(self)
            self._is_inherited = True

    def result(self, timeout: float | None = None) -> Any:
        """``join()``, and what the target returned.

        Args:
            timeout: how many seconds to wait; None: as long as it takes.

        Returns:
            What the target returned; of a ``Parcel`` what is in it. None for a subclass with a ``run`` of its own.

        Raises:
            BaseException: what the target raised. It was told to ``threading.excepthook`` before.
            TimeoutError: the thread has not ended in time.
            RuntimeError: it was not started, or is the calling thread.

        Threads:
            Any but itself; the first one owns what comes, see ``join``.
        """
        self.join(timeout)
        if self.is_alive():
            raise TimeoutError(f"thread {self.name!r} has not ended within {timeout} seconds")
        if self._error is not None:
            try:
                raise self._error
            finally:
                self = None  # type: ignore[assignment]  # the traceback has this frame, and the thread has the exception
        return None if self._call is None else self._call.take()


class _Call(_core.Task[Any]):
    """What a thread calls, and what came of it."""

    __slots__ = ("_lock", "_value")

    def __init__(self, *_call: object) -> None:
        self._lock = threading.Lock()
        self._value: Any = None

    def __call__(self) -> None:
        self._value = self.run_here()

    def take(self) -> Any:
        """What was returned; a parcel is claimed by the first thread."""
        with self._lock:
            if isinstance(self._value, _core.Parcel):
                self._value = self._value.claim()
            return self._value


def _tell(thread: Thread, error: BaseException) -> None:
    """Tell of an exception that ends a thread, as ``threading`` does."""
    hook: Any = threading.excepthook  # gone late in the interpreter's life
    try:
        (hook or threading.__excepthook__)(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))
    except Exception:
        if sys.stderr is not None:
            print("Exception in threading.excepthook:", file=sys.stderr, flush=True)
        sys.excepthook(*sys.exc_info())
