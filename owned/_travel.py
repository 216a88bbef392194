# SPDX-License-Identifier: MIT
"""Why something cannot be pickled for another process: the path to what stands in the way.

The pickler tells what it could not pickle, and not where that is. So once it has failed, the same graph is walked again
in the way the pickler went, through what ``__reduce_ex__`` gives, until the object is found that gives none.
"""

from __future__ import annotations

import copyreg
import gc
import pickle
import sys
import types
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from owned import _violations, errors
from owned._inside import attributes, fields
from owned._words import with_article

_ATOMS: Final[frozenset[type]] = frozenset(
    {type(None), type(...), bool, int, float, complex, str, bytes, bytearray, range, slice}
)
_CODE: Final = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)
_PROTOCOL: Final = 4
_MET_MOST: Final = 100_000
_HEAP_TYPE: Final = 1 << 9  # from CPython's Include/object.h; part of the stable ABI
_HOLDERS_MOST: Final = 3

_WAYS_OUT: Final[dict[str, str]] = {
    "lock": "A lock works within one process. Leave it out in __getstate__ and make a new one in __setstate__",
    "Region": "Move or send what was born in it",
    "": "Leave it out in __getstate__ and make it anew in __setstate__",
}
_LOCKS: Final = frozenset({"Lock", "RLock", "RWLock", "Condition", "Semaphore", "BoundedSemaphore", "CompoundLock"})


def explained(root: Any, error: Exception, *, forking: bool) -> Exception:
    """The exception to raise where pickling ``root`` for another process has failed with ``error``.

    Args:
        root: what was pickled. It is the calling thread's to read, as it was for the pickler.
        error: what the pickler raised.
        forking: whether that was multiprocessing's pickler, which sends sockets and connections, too.

    Returns:
        A ``TravelError`` that names the path; ``error`` itself where that tells whose an object is, with the path as a
        note, and where the path is not found.
    """
    if isinstance(error, (errors.TravelError, MemoryError, RecursionError)):
        return error
    found = _stands_in_the_way(root, forking=forking)
    if found is None:
        return error
    path, obj, reason = found
    if isinstance(error, errors.OwnershipError):
        error.add_note(f"It was to be pickled for another process: {path}")
        return error
    from owned import _core

    kind = _core.known_type(obj)
    name = kind.__name__
    what = _named(obj) if isinstance(obj, _CODE) else with_article(name)
    return errors.TravelError(
        f"{path}: {what} cannot travel to another process ({reason}). {_way_out(kind)}",
        type_name=name,
        address=id(obj),
        access="pickle",
    )


def _way_out(kind: type) -> str:
    known = _core_name(kind)
    return _WAYS_OUT["lock" if known in _LOCKS else known if known in _WAYS_OUT else ""]


def _core_name(kind: type) -> str:
    """The name of a type of ours, or nothing."""
    return kind.__name__ if kind.__module__ in ("owned", "owned._core") else ""


def _named(obj: Any) -> str:
    name = getattr(obj, "__qualname__", getattr(obj, "__name__", "?"))
    return f"{with_article(type(obj).__name__)} {name!r}"


def _stands_in_the_way(root: Any, *, forking: bool) -> tuple[str, Any, str] | None:
    """Path, object and reason of the nearest thing that cannot be pickled."""
    from owned import _core

    reduction = sys.modules.get("multiprocessing.reduction") if forking else None
    travels = reduction.ForkingPickler._extra_reducers if reduction is not None else ()
    todo: deque[tuple[str, Any]] = deque([(_core.known_type(root).__name__, root)])
    met = {id(root)}
    kept = [root]  # ids are only good while the objects live
    while todo and len(met) < _MET_MOST:
        path, obj = todo.popleft()
        if type(obj) in travels:
            continue
        reason = _gather(path, obj, todo, met, kept)
        if reason is not None:
            return path, obj, reason
    return None


def _gather(path: str, obj: Any, todo: deque[tuple[str, Any]], met: set[int], kept: list[Any]) -> str | None:
    """Note what is pickled with an object and was not met before; why not, where the object cannot be pickled."""
    try:
        for step, child in _children(obj):
            if type(child) not in _ATOMS and id(child) not in met:
                met.add(id(child))
                kept.append(child)
                todo.append((path + step, child))
    except Exception as error:
        return str(error).partition(". ")[0]
    return None


def _children(obj: Any) -> Iterator[tuple[str, Any]]:
    """What is pickled with an object, each with the step to it. Raises where the object cannot be pickled."""
    from owned import _core

    kind = type(obj)
    if kind in (tuple, list):
        yield from ((f"[{i}]", child) for i, child in enumerate(obj))
    elif kind is dict:
        yield from _items(obj.items())
    elif kind in (set, frozenset):
        yield from (("[...]", child) for child in obj)
    elif kind is _core.Parcel:
        return
    elif isinstance(obj, _CODE):
        pickle.dumps(obj)
    else:
        yield from _reduced(obj)


def _reduced(obj: Any) -> Iterator[tuple[str, Any]]:
    reduce = copyreg.dispatch_table.get(type(obj))
    reduced: Any = obj.__reduce_ex__(_PROTOCOL) if reduce is None else reduce(obj)
    if isinstance(reduced, str):
        pickle.dumps(obj)
        return
    parts: tuple[Any, ...] = (*reduced, None, None, None)
    function, arguments, state, elements, items = parts[:5]
    if arguments and getattr(function, "__module__", None) == "owned._frozen_pickle":
        arguments, state = arguments[1:], state and state[1]
    yield "", function
    yield from (("", argument) for argument in arguments or ())
    if isinstance(state, tuple) and len(state) == 2 and all([isinstance(part, (dict, type(None))) for part in state]):
        yield from (step for part in state for step in _fields(part))
    elif isinstance(state, dict):
        yield from _fields(state)
    elif state is not None:
        yield "", state
    yield from ((f"[{i}]", element) for i, element in enumerate(elements or ()))
    yield from _items(items or ())


def _fields(state: dict[Any, Any] | None) -> Iterator[tuple[str, Any]]:
    return ((f".{name}", value) for name, value in (state or {}).items())


def _items(pairs: Any) -> Iterator[tuple[str, Any]]:
    for key, value in pairs:
        label = _violations.label("item", key)
        yield f" key {label}", key
        yield f"[{label}]", value


# ---- what refuses by itself ------------------------------------------------------------------------------------------


def refuse_lock(lock: object) -> NoReturn:
    """Neither a lock nor a Region is pickled or copied: say who holds it. Called by the C core.

    Nobody tells on whose behalf, so whoever holds it as an attribute is looked for on the heap.
    """
    name = type(lock).__name__
    holders = list(dict.fromkeys(_attributes_with(lock)))
    where = "" if not holders else f": it is {' and '.join(holders[:_HOLDERS_MOST])}"
    raise TypeError(f"cannot pickle 'owned.{name}' object{where}. {_way_out(type(lock))}")


def _attributes_with(obj: object) -> list[str]:
    from owned import _core

    found: list[str] = []
    with _core.unchecked():
        for holder in gc.get_referrers(obj)[:100]:
            found += _attributes_of(holder, obj)
    return found


def _attributes_of(holder: object, obj: object) -> list[str]:
    from owned import _core

    if type(holder) is dict:
        owners = [each for each in gc.get_referrers(holder)[:10] if attributes(each) is holder]
        names = [name for name, value in tuple(holder.items()) if value is obj]
    elif type(holder).__flags__ & _HEAP_TYPE and not isinstance(holder, _CODE):
        owners = [holder]
        names = [name for name, value in fields(holder) if value is obj]
    else:
        return []
    return [f"{_core.known_type(owner).__name__}.{name}" for owner in owners for name in names]
