# SPDX-License-Identifier: MIT
"""Which task runs on the calling thread, asked of whoever runs it.

================================  =====================================================================
asyncio (and anyio on it)         ``asyncio.current_task()``
trio (and anyio on it)            ``trio.lowlevel.current_task()``
outside of any task               a context variable, which tells contexts apart but not copies of one
================================  =====================================================================

A context variable alone would not do for tasks: ``create_task``, ``gather`` and ``to_thread`` copy the context, so a
child task or another thread would pass for its parent. So it is asked only where no task runs, and only of the thread
on which it was set.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from owned._core import TaskInfo

__all__ = ["has_ended", "name_of", "now", "running"]


class _Context:
    """What stands for a context in it and in its copies."""

    __slots__ = ("__weakref__", "thread")

    def __init__(self, thread: int) -> None:
        self.thread = thread


_context: Final[ContextVar[_Context]] = ContextVar("owned._async_tasks._context")


def now() -> tuple[Callable[[], Any], Any, str | None]:
    """What runs on this thread: how to ask for it again, it, and its name; None for a context. Called by the core."""
    from owned import _core

    for ask in _askers():
        task = _asked(ask)
        if task is not None:
            return ask, task, name_of(task)
    context = _context_now()
    if context is None:
        context = _Context(_core.thread_id())
        _context.set(context)
    return _context_now, context, None


def running() -> Any:
    """The task that runs on this thread, or None outside of tasks."""
    for asker in _askers():
        task = _asked(asker)
        if task is not None:
            return task
    return None


def has_ended(task: Any) -> bool:
    """Whether a task will never run again. Called by the core."""
    done = getattr(task, "done", None)
    if callable(done):
        return bool(done())
    coro = getattr(task, "coro", None)  # trio's tasks cannot be asked
    return coro is not None and getattr(coro, "cr_frame", coro) is None


def name_of(task: Any) -> str:
    """A task's name, of whatever kind it is."""
    get_name = getattr(task, "get_name", None)
    name = get_name() if callable(get_name) else getattr(task, "name", None)
    return name if isinstance(name, str) else f"<{type(task).__name__} at {id(task):#x}>"


def words(info: TaskInfo) -> str:
    """A task that objects are private to, as messages name it: by the name it has now, if it can be asked still."""
    if info.name is None:
        return "the code outside of tasks, in one context"
    task = info.task
    return f"task {info.name if task is None else name_of(task)!r}"


def toucher_words(thread: str, owners_thread: str | None) -> str:
    """The task that runs now, as messages name it; the thread too where it is not the owner's."""
    task = running()
    if task is None:
        return f"code outside of any task, on thread {thread!r},"
    return f"task {name_of(task)!r}" + ("" if thread == owners_thread else f" of thread {thread!r}")


def _askers() -> list[Callable[[], Any]]:
    """Whom to ask, of the frameworks that this program has imported."""
    found = (
        getattr(sys.modules.get("asyncio"), "current_task", None),
        getattr(getattr(sys.modules.get("trio"), "lowlevel", None), "current_task", None),
    )
    return [ask for ask in found if ask is not None]


def _asked(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except RuntimeError:  # neither a loop nor a task
        return None


def _context_now() -> _Context | None:
    """The context that code outside of tasks runs in, if it has called task_private()."""
    from owned import _core

    context = _context.get(None)
    return context if context is not None and context.thread == _core.thread_id() and running() is None else None
