# SPDX-License-Identifier: MIT
"""Other processes: where multiprocessing and ProcessPoolExecutor pickle on threads of their own, and what is done.

A private object is pickled by the thread that owns it, and what is unpickled belongs to the thread that does it. Both
would go wrong where the standard library uses helper threads:

====================================  ==================================================================================
``Queue.put``, ``JoinableQueue.put``  pickle on a feeder thread, which prints errors and loses the item. What holds
                                      something guarded is pickled in ``put()``; everything else as ever
``Pool``, ``ProcessPoolExecutor``     the same for the arguments of calls, which are pickled when they are submitted.
                                      Results are unpickled on a helper thread: what is guarded in them belongs to the
                                      first thread that touches it
``managers``                          the server keeps what it is sent, and hands it out again on whichever thread
                                      serves the client: those threads go unchecked
``Process.start``                     where it forks, nothing is pickled: parcels among the arguments have gone all the
                                      same
====================================  ==================================================================================

And whatever is sent: a message that holds something guarded and cannot be pickled is refused with the path, and the
parcels in it are put back.
"""

from __future__ import annotations

import enum
import functools
import gc
import pickle
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from owned import _core, _parcels, _travel, errors
from owned._parcels import sending
from owned._when_imported import when_imported

__all__ = ["holds_guarded", "install"]

_MET_MOST: Final = 10_000


# ---- what is guarded in a message ------------------------------------------------------------------------------------


class _Kind(enum.IntEnum):
    """What a search does with the instances of a type."""

    PASS_BY = 0
    LOOK_INTO = 1
    FOUND = 2


_CODE: Final = (type, types.ModuleType, types.FunctionType, types.CodeType, types.FrameType, threading.Thread)
_ATOMS: Final = frozenset(
    {type(None), type(...), bool, int, float, complex, str, bytes, bytearray, memoryview, range, slice}
)
_judged: weakref.WeakKeyDictionary[type, _Kind] = weakref.WeakKeyDictionary()


def _kind(cls: type) -> _Kind:
    kind = _judged.get(cls)
    if kind is None:
        if issubclass(cls, (_core.Owned, _core.List, _core.Dict, _core.Set, _core.Wrapper, _core.Parcel)):
            kind = _Kind.FOUND
        elif cls in _ATOMS or issubclass(cls, (*_CODE, _core.Region)):
            kind = _Kind.PASS_BY
        else:
            kind = _Kind.LOOK_INTO
        _judged[cls] = kind
    return kind


def _levels(root: object) -> Iterator[tuple[dict[int, Any], set[type]]]:
    """What an object reaches, by id, level by level, and the types that a level has besides atoms and code.

    Runs nobody's code and does not go into any.
    """
    level = {id(root): root}
    met: set[int] = set()
    while True:
        kinds = {cls for cls in set(map(type, level.values())) - _ATOMS if _kind(cls) is not _Kind.PASS_BY}
        if not kinds:
            return
        yield level, kinds
        met.update(level)
        if len(met) > _MET_MOST:
            return
        inside = gc.get_referents(*[each for each in level.values() if type(each) in kinds])
        if dict in kinds:  # from 3.13 on an instance may refer to its attributes, and its __dict__ not
            inside += [one for each in level.values() if type(each) is dict for one in each.copy().values()]
        level = {id(each): each for each in inside if id(each) not in met}


def holds_guarded(value: object) -> bool:
    """Is something guarded, or a parcel, in what is about to be pickled?

    True, too, where there is more than is worth a search.
    """
    met = 0
    for level, kinds in _levels(value):
        if any(_kind(cls) is _Kind.FOUND for cls in kinds):
            return True
        met += len(level)
    return met > _MET_MOST


def _parcels_in(value: object) -> list[Any]:
    parcel = _core.Parcel
    return [
        each for level, kinds in _levels(value) if parcel in kinds for each in level.values() if type(each) is parcel
    ]


# ---- pickling and unpickling -----------------------------------------------------------------------------------------


class Packed:
    """What was pickled by the thread whose it is, to be sent by another one. It is unpickled as the thing itself."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __reduce__(self) -> tuple[Any, ...]:
        return pickle.loads, (self._data,)


def _pack(value: Any) -> Any:
    """The value, or its pickle if something guarded is in it. To be called, and its result sent, in ``sending()``."""
    if not holds_guarded(value):
        return value
    from multiprocessing.reduction import ForkingPickler

    return Packed(bytes(ForkingPickler.dumps(value)))


class _Courier(threading.local):
    """Does this thread unpickle what is for others?"""

    yes = False


_courier = _Courier()


def _loads(*args: Any, **kwargs: Any) -> Any:
    if not _courier.yes:
        return pickle.loads(*args, **kwargs)
    region = _core.Region()
    with region:
        value = pickle.loads(*args, **kwargs)
    _core.leave(region)
    return value


def _hook_reduction(reduction: Any) -> None:
    pickler = reduction.ForkingPickler
    original = vars(pickler)["dumps"].__func__
    dump_to_file = reduction.dump

    def dumps(cls: Any, obj: Any, protocol: int | None = None) -> Any:
        with _telling(obj), sending(functools.partial(original, cls), pickles=True):
            return original(cls, obj, protocol)

    def dump(obj: Any, file: Any, protocol: int | None = None) -> None:
        with _telling(obj), sending(functools.partial(original, pickler), pickles=True):
            dump_to_file(obj, file, protocol)

    pickler.dumps = classmethod(functools.wraps(original)(dumps))
    pickler.loads = staticmethod(_loads)
    reduction.dump = functools.wraps(dump_to_file)(dump)


@contextmanager
def _telling(obj: Any) -> Iterator[None]:
    """If the message cannot be pickled, and holds something guarded, tell where it is that stands in the way."""
    try:
        yield
    except Exception as error:
        told = _travel.explained(obj, error, forking=True) if holds_guarded(obj) else error
        if told is error:
            raise
        raise told from error


# ---- the threads of the standard library -----------------------------------------------------------------------------


def _hook_queues(queues: Any) -> None:
    for kind in (queues.Queue, queues.JoinableQueue):
        kind.put = _packing_put(vars(kind)["put"])


def _packing_put(put: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(put)
    def packing_put(self: Any, obj: Any, block: bool = True, timeout: float | None = None) -> Any:
        if type(obj) in _ATOMS or self._closed:
            return put(self, obj, block, timeout)
        with sending():
            return put(self, _pack(obj), block, timeout)

    return packing_put


def _hook_pool(module: Any) -> None:
    pool = module.Pool
    apply_async, map_async = pool.apply_async, pool._map_async

    @functools.wraps(apply_async)
    def packing_apply_async(self: Any, func: Any, args: Any = (), kwds: Any = {}, *more: Any, **options: Any) -> Any:  # noqa: B006
        if isinstance(self, module.ThreadPool):
            return apply_async(self, func, args, kwds, *more, **options)
        with sending():
            args = tuple([_pack(one) for one in args])
            kwds = {name: _pack(one) for name, one in kwds.items()}
            return apply_async(self, _pack(func), args, kwds, *more, **options)

    @functools.wraps(map_async)
    def packing_map_async(self: Any, func: Any, iterable: Any, *more: Any, **options: Any) -> Any:
        if isinstance(self, module.ThreadPool):
            return map_async(self, func, iterable, *more, **options)
        items = list(iterable)  # which may run the program's code
        with sending():
            return map_async(self, _pack(func), [_pack(one) for one in items], *more, **options)

    pool.apply_async = packing_apply_async
    pool._map_async = packing_map_async
    for name in ("imap", "imap_unordered"):
        setattr(pool, name, _packing_imap(getattr(pool, name), module.ThreadPool))
    pool._handle_results = staticmethod(_carrying(pool._handle_results))


def _packing_imap(imap: Callable[..., Any], thread_pool: type) -> Callable[..., Any]:
    @functools.wraps(imap)
    def packing_imap(self: Any, func: Any, iterable: Any, *more: Any, **options: Any) -> Any:
        if isinstance(self, thread_pool):
            return imap(self, func, iterable, *more, **options)
        items = list(iterable) if hasattr(iterable, "__len__") else None  # a generator is run by the thread that sends
        with sending():
            if items is not None:
                iterable = [_pack(one) for one in items]
            return imap(self, _pack(func), iterable, *more, **options)

    return packing_imap


def _hook_executor(module: Any) -> None:
    executor = module.ProcessPoolExecutor
    submit = executor.submit

    @functools.wraps(submit)
    def packing_submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        with sending():
            args = tuple([_pack(one) for one in args])
            kwargs = {name: _pack(one) for name, one in kwargs.items()}
            return submit(self, _pack(fn), *args, **kwargs)

    executor.submit = packing_submit
    manager = module._ExecutorManagerThread
    manager.run = _carrying(manager.run)


def _carrying(run: Callable[..., Any]) -> Callable[..., Any]:
    """Run on a thread that unpickles what is for others."""

    @functools.wraps(run)
    def carrying(*args: Any, **kwargs: Any) -> Any:
        _courier.yes = True
        return run(*args, **kwargs)

    return carrying


def _hook_managers(managers: Any) -> None:
    handle_request = managers.Server.handle_request

    @functools.wraps(handle_request)
    def unchecked_handle_request(*args: Any, **kwargs: Any) -> Any:
        with _core.unchecked():
            return handle_request(*args, **kwargs)

    managers.Server.handle_request = unchecked_handle_request


def _hook_process(module: Any) -> None:
    start = module.BaseProcess.start

    @functools.wraps(start)
    def sending_start(self: Any) -> None:
        parcels = _parcels_in(self)
        start(self)
        for parcel in parcels:
            try:
                _parcels.started(parcel)
            except errors.MovedError:  # another thread was faster
                continue

    module.BaseProcess.start = sending_start


def install() -> None:
    """Do all this to the modules that are imported, and to the others once they are."""
    for name, hook in (
        ("multiprocessing.process", _hook_process),
        ("multiprocessing.reduction", _hook_reduction),
        ("multiprocessing.queues", _hook_queues),
        ("multiprocessing.pool", _hook_pool),
        ("multiprocessing.managers", _hook_managers),
        ("concurrent.futures.process", _hook_executor),
    ):
        when_imported(name, hook)
