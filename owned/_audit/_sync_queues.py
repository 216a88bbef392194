# SPDX-License-Identifier: MIT
"""`queue.Queue` and those that inherit from it, and `queue.SimpleQueue`.

====================================  ================================================================================
who releases                          who acquires
====================================  ================================================================================
`put(x)`                              the `get()` that gets x, and no other
the n-th `get()` of a bounded queue   the `put()` that takes its place: number n + maxsize
`task_done()`                         `join()`
`shutdown()`                          whoever gets `ShutDown`, `join()`
====================================  ================================================================================

Which `put` a `get` belongs to is known by the identity of the item: both are noted under the queue's own mutex. A
subclass that stores something else than it was given, in a `_put` of its own, gets an edge from every `put` before.

`Queue.mutex` is inside, but programs do write ``with q.mutex: q.queue.clear()``: to them it is shown as a lock that is
told of, around the real one. While a `_put`, `_get` or `_qsize` runs that a program has written itself, that lock is
told to be held, as the real one is.
"""

from __future__ import annotations

import _queue
import queue
import sys
import threading
import weakref
from collections import deque
from types import FunctionType
from typing import Any

from owned._audit._sync_base import MARK, Patches, detector, is_inside
from owned._audit._sync_locks import Answers, tell_of

__all__ = ["SimpleQueue", "install"]

_RealSimpleQueue = _queue.SimpleQueue
_put_really = _RealSimpleQueue.put
_get_really = _RealSimpleQueue.get
_get_now = _RealSimpleQueue.get_nowait

_OURS = (queue.Queue, queue.LifoQueue, queue.PriorityQueue)
_STORE = frozenset([vars(cls)["_put"] for cls in _OURS])
_FETCH = frozenset([vars(cls)["_get"] for cls in _OURS])


class _AnswersForQueues(Answers):
    real = _RealSimpleQueue


class SimpleQueue(_RealSimpleQueue, metaclass=_AnswersForQueues):  # type: ignore[type-arg]
    """`queue.SimpleQueue`, told of: what is in it are pairs of a `Sync` and an item."""

    __slots__ = ()

    def __new__(cls) -> Any:
        if cls is SimpleQueue and is_inside(sys._getframe(1)):
            return _RealSimpleQueue()
        return _RealSimpleQueue.__new__(cls)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """As the real one."""
        sync = detector.module.Sync("queue")
        sync.release()
        _put_really(self, (sync, item), block, timeout)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """As the real one."""
        sync, item = _get_really(self, block, timeout)
        sync.acquire()
        return item

    def put_nowait(self, item: Any) -> None:
        """As the real one."""
        self.put(item)

    def get_nowait(self) -> Any:
        """As the real one."""
        sync, item = _get_now(self)
        sync.acquire()
        return item


SimpleQueue.__module__ = _RealSimpleQueue.__module__
SimpleQueue.__qualname__ = _RealSimpleQueue.__qualname__


class _Items:
    """What is known of a queue. All but the syncs is touched under its mutex."""

    __slots__ = ("any_put", "closed", "done", "puts", "room", "sent")

    def __init__(self, known: bool) -> None:
        sync = detector.module.Sync
        self.sent: dict[int, deque[Any]] = {}  # by the identity of the items, which are in the queue
        self.any_put = None if known else sync("queue")
        self.room: deque[Any] = deque()  # the gets of a bounded queue that no put has followed yet
        self.puts = 0
        self.done = sync("queue")
        self.closed = sync("queue")


class _Now(threading.local):
    """What this thread's put or get is about, between the method that it called and the one that touches the queue."""

    put: Any = None
    got: Any = ()


_now = _Now()


def _items_of(instance: Any) -> _Items:
    known = instance.__dict__
    if MARK not in known:
        cls = type(instance)
        _hooks.find(cls)
        known.setdefault(MARK, _Items(_function(cls._put) in _STORE and _function(cls._get) in _FETCH))
    items: _Items = known[MARK]
    return items


def _function(method: Any) -> Any:
    """What a method is below its wrappers."""
    while not isinstance(method, FunctionType) and hasattr(method, "__wrapped__"):
        method = method.__wrapped__
    return method


class _Hooks:
    """The methods of programs that queues call under their mutex."""

    def __init__(self) -> None:
        self._patches: Patches | None = None
        self._known: weakref.WeakSet[type] = weakref.WeakSet()

    def begin(self, patches: Patches) -> None:
        """Find them from now on, in classes whose queues are made or used."""
        self._patches = patches
        patches.also(self._end)

    def _end(self) -> None:
        self._patches = None
        self._known.clear()

    def find(self, cls: type) -> None:
        """Wrap those of a class of queues. What two threads wrap twice is told of once, see `_under_mutex`."""
        patches = self._patches
        if patches is None or cls in self._known:
            return
        for base in reversed(cls.__mro__):
            if base in _OURS or base in self._known:
                continue
            for name in _HOOKS:
                if isinstance(vars(base).get(name), FunctionType):
                    patches.method(base, name, _under_mutex)
            self._known.add(base)


_HOOKS = ("_put", "_get", "_qsize")
_hooks = _Hooks()


def _under_mutex(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    shown = _shown(instance) if isinstance(instance, queue.Queue) else None
    if shown is None or not shown.begin_inside():
        return wrapped(*args, **kwargs)
    try:
        return wrapped(*args, **kwargs)
    finally:
        shown.end_inside()


def _shown(instance: Any) -> Any:
    """A queue's mutex as programs see it; None if it is no lock of Python's."""
    known = instance.__dict__
    if _SHOWN not in known:
        known.setdefault(_SHOWN, tell_of(known["mutex"], held=True))
    return known[_SHOWN]


class _Mutex:
    """`Queue.mutex` as programs see it."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        try:
            real = instance.__dict__["mutex"]
        except KeyError:
            raise AttributeError(f"{type(instance).__name__!r} object has no attribute 'mutex'") from None
        return real if is_inside(sys._getframe(1)) else _shown(instance) or real

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__["mutex"] = value
        instance.__dict__.pop(_SHOWN, None)

    def __delete__(self, instance: Any) -> None:
        instance.__dict__.pop(_SHOWN, None)
        del instance.__dict__["mutex"]


_SHOWN = f"{MARK}_mutex"


def install(patches: Patches) -> None:
    """Tell of queues, also of those that are there already (but for SimpleQueues)."""
    patches.everywhere(_RealSimpleQueue, SimpleQueue)
    for cls in _OURS:
        patches.method(cls, "_put", _store)
        patches.method(cls, "_get", _fetch)
    _hooks.begin(patches)
    patches.method(queue.Queue, "__init__", _begin)
    patches.method(queue.Queue, "put", _put)
    patches.method(queue.Queue, "get", _get)
    patches.method(queue.Queue, "task_done", _task_done)
    patches.method(queue.Queue, "join", _join)
    if hasattr(queue.Queue, "shutdown"):
        patches.method(queue.Queue, "shutdown", _shutdown)
    patches.value(queue.Queue, "mutex", _Mutex())


_ShutDown: type[BaseException] | tuple[()] = getattr(queue, "ShutDown", ())  # 3.13


def _begin(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    _hooks.find(type(instance))
    wrapped(*args, **kwargs)


def _put(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    items = _items_of(instance)
    sync = items.any_put or detector.module.Sync("queue")
    sync.release()
    _now.put, _now.got = sync, ()
    try:
        wrapped(*args, **kwargs)
    except _ShutDown:
        items.closed.acquire()
        raise
    finally:
        room, _now.put, _now.got = _now.got, None, ()
    for sync in room:
        sync.acquire()


def _store(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    wrapped(*args, **kwargs)
    items = _items_of(instance)
    sync = _now.put
    if sync is None or not args:  # not by put()
        return
    if items.any_put is None:
        items.sent.setdefault(id(args[0]), deque()).append(sync)
    if instance.maxsize > 0:
        items.puts += 1
        if items.puts > instance.maxsize and items.room:
            _now.got = (items.room.popleft(),)


def _get(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    items = _items_of(instance)
    _now.got = ()
    try:
        item = wrapped(*args, **kwargs)
    except _ShutDown:
        items.closed.acquire()
        raise
    got, _now.got = _now.got, ()
    for sync in got if items.any_put is None else (items.any_put,):
        sync.acquire()
    return item


def _fetch(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    item = wrapped(*args, **kwargs)
    items = _items_of(instance)
    sent = items.sent.get(id(item))
    if sent is not None:
        # Of one object that was put several times any put may be the one; what went another way out left its own here.
        _now.got = tuple(sent)
        sent.popleft()
        if not sent:
            del items.sent[id(item)]
    if instance.maxsize > 0:
        room = detector.module.Sync("queue")
        room.release()
        items.room.append(room)
    return item


def _task_done(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    _items_of(instance).done.release()
    wrapped(*args, **kwargs)


def _join(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    wrapped(*args, **kwargs)
    items = _items_of(instance)
    items.done.acquire()
    items.closed.acquire()


def _shutdown(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    _items_of(instance).closed.release()
    wrapped(*args, **kwargs)
