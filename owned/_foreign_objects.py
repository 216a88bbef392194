# SPDX-License-Identifier: MIT
"""Strict mode's report of what a shared object reaches and nobody guards."""

from __future__ import annotations

import functools
import types
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from owned._frozen import needs_no_guard
from owned._inside import fields
from owned._known_types import is_of_event_loop, is_synchronized
from owned._warn import warn
from owned._words import with_article
from owned.errors import ForeignObjectWarning

_OBJECTS_MOST: Final = 100_000
_FINDINGS_MOST: Final = 20
_PATH_MOST: Final = 200  # characters

_METHODS: Final = (types.MethodType, types.BuiltinMethodType, types.MethodWrapperType)
_PLAIN_KEYS: Final = (str, int, float, bool, bytes, type(None))

# Flags of type objects, from CPython's Include/object.h; part of the stable ABI.
_IMMUTABLE_TYPE: Final = 1 << 8
_HEAP_TYPE: Final = 1 << 9
_flags = type.__dict__["__flags__"].__get__

# What the walk does at an object.
_PASS, _GUARDED, _LOOK_INTO, _FOREIGN = range(4)


def check_shared(root: object) -> None:
    """Warn of what an object that is about to be shared reaches and nobody guards. Called by the C core.

    Args:
        root: the object; it is the calling thread's.
    """
    from owned import _core

    name = _core.known_type(root).__name__
    _report(_Walk(name, root), f"share({name})")


def check_joining(value: object, holder_type: type, form: str, name: object) -> None:
    """Warn of what a value that is about to be stored in a shared object reaches. Called by the C core.

    Args:
        value: the value; a plain container will be copied, so that only what it holds is looked at.
        holder_type: the type of the shared object.
        form: ``"attribute"``, ``"item"`` or, where there is no name, ``"element"``.
        name: which one.
    """
    from owned import _violations

    label = _violations.label(form, name)
    if label is None:
        path = f"{holder_type.__name__}[...]"
    else:
        path = f"{holder_type.__name__}.{label}" if form == "attribute" else f"{holder_type.__name__}[{label}]"
    _report(_Walk(path, value, is_stored=True), f"storing in a shared {holder_type.__name__}")


def _report(walk: _Walk, what: str) -> None:
    findings = walk.run()
    for path, kind in findings:
        warn(
            ForeignObjectWarning(
                f"{what} reaches {path}: {_describe(kind)}, which nobody guards: every thread that gets hold of it may "
                f"use it without the lock. {_way_out(kind)}",
            )
        )
    if walk.stopped is not None:
        warn(ForeignObjectWarning(f"{what}: the search for what nobody guards {walk.stopped}; there may be more"))


def _describe(kind: type) -> str:
    name = kind.__name__
    if kind in (list, dict, set, bytearray):
        return f"a plain {name}"
    return with_article(name)


def _is_made_in_c(kind: type) -> bool:
    flags = _flags(kind)
    return not flags & _HEAP_TYPE or bool(flags & _IMMUTABLE_TYPE)


def _way_out(kind: type) -> str:
    name = kind.__name__
    if kind in (list, dict, set):
        return f"Make it a {name.capitalize()}, or freeze() it"
    way = (
        "Keep own() of it"
        if _is_made_in_c(kind)
        else "Decorate its class with @owned, keep own() of it, or freeze() it"
    )
    return f"{way}; if it needs no guard, say so: register({name}, 'immutable') or register({name}, 'synchronized')"


class _Walk:
    """One search, breadth first, so that a finding's path is a short one. Bounded."""

    def __init__(self, name: str, root: object, *, is_stored: bool = False) -> None:
        self.verdicts: dict[type, int] = {}
        self.kept: list[object] = []  # so that an id in `seen` stays its own
        self.seen: set[int] = set()
        self.queue: deque[tuple[str, Any]] = deque()
        self.findings: dict[tuple[type, str], None] = {}
        self.stopped: str | None = None
        self.name = name
        self.root = root
        self.is_stored = is_stored

    def run(self) -> list[tuple[str, type]]:
        """The paths of what was found, and its types."""
        from owned import _core

        with _core.unchecked():
            if self.is_stored and type(self.root) in (list, dict, set):
                self.queue.append((self.name, self.root))
            else:
                self.meet(self.name, self.root)
            while self.queue:
                path, obj = self.queue.popleft()
                for step, value in _children(obj):
                    self.meet(path + step, value)
        return [(path, kind) for kind, path in self.findings]

    def meet(self, path: str, value: object) -> None:
        """Judge an object that was reached on this path."""
        kind = type(value)
        verdict = self.verdicts.get(kind)
        if verdict is None:
            verdict = self.verdicts[kind] = _judge(kind)
        if verdict == _PASS or id(value) in self.seen or self.stopped is not None:
            return
        if len(self.seen) >= _OBJECTS_MOST:
            self.stop(f"{_OBJECTS_MOST:,} objects")
            return
        self.seen.add(id(value))
        self.kept.append(value)
        if len(path) > _PATH_MOST:
            path = f"{path[: _PATH_MOST // 2]}...{path[-_PATH_MOST // 2 :]}"
        if verdict == _FOREIGN:
            self.findings[kind, path] = None
            if len(self.findings) >= _FINDINGS_MOST:
                self.stop(f"{_FINDINGS_MOST} findings")
        elif verdict == _LOOK_INTO or self.goes_along(value):
            self.queue.append((path, value))

    def stop(self, after: str) -> None:
        """Go no further, and remember why."""
        self.stopped = f"stopped after {after}"
        self.queue.clear()

    def goes_along(self, guarded: object) -> bool:
        """Is it the calling thread's? What is in other hands stays there, and is theirs to report."""
        from owned import _core

        facts = _core.region_facts(guarded)
        return facts is None or (facts[0] == "private" and facts[1] is not None and facts[1].id == _core.thread_id())


def _judge(kind: type) -> int:
    from owned import _core

    if issubclass(kind, (_core.Owned, _core.List, _core.Dict, _core.Set)):
        return _PASS if issubclass(kind, _core.FrozenBase) else _GUARDED
    if issubclass(kind, (_core.FrozenBase, _core.Wrapper)):  # what a wrapper is around stays behind it
        return _PASS
    if kind in (*_METHODS, functools.partial, _core.frozendict) or issubclass(kind, (tuple, frozenset)):
        return _LOOK_INTO
    if issubclass(kind, (_core.Lock, _core.RLock, _core.RWLock, _core.ReadSide, _core.WriteSide, _core.Region)):
        return _PASS
    if issubclass(kind, (_core.ThreadInfo, _core.Parcel, _core.unchecked)):
        return _PASS
    if needs_no_guard(kind) or is_synchronized(kind) or is_of_event_loop(kind):
        return _PASS
    return _FOREIGN


def _children(obj: Any) -> Iterator[tuple[str, Any]]:
    """What an object holds, each with the step of a path that leads there."""
    from owned import _core

    kind = type(obj)
    if kind in _METHODS:
        yield ".__self__", obj.__self__
        return
    if kind is functools.partial:
        yield from ((".func", obj.func), (".args", obj.args))
        yield from ((f".keywords{step}", value) for step, value in _items(obj.keywords))
        return
    if issubclass(kind, (list, tuple)):
        elements = list.__iter__(obj) if issubclass(kind, list) else tuple.__iter__(obj)
        yield from ((f"[{index}]", value) for index, value in enumerate(tuple(elements)))
    if issubclass(kind, dict):
        yield from _items(obj)
    elif kind is _core.frozendict:
        yield from _items(dict(obj))
    if issubclass(kind, (set, frozenset)):
        members = set.__iter__(obj) if issubclass(kind, set) else frozenset.__iter__(obj)
        yield from (("{...}", value) for value in tuple(members))
    yield from _attributes(obj)


def _items(mapping: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in tuple(dict.items(mapping)):
        label = repr(key) if type(key) in _PLAIN_KEYS else f"<{type(key).__name__}>"
        yield f"[{label}]", value
        yield f" key {label}", key


def _attributes(obj: Any) -> Iterator[tuple[str, Any]]:
    """Fields; a plain container in the ``__dict__`` of an owned instance becomes a guarded one when it is read."""
    from owned import _core

    is_owned = issubclass(type(obj), _core.Owned)
    for name, value in fields(obj):
        if is_owned and type(value) in (list, dict, set):
            yield from ((f".{name}{step}", inside) for step, inside in _children(value))
        else:
            yield f".{name}", value
