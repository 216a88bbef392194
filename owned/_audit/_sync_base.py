# SPDX-License-Identifier: MIT
"""What all patches of synchronisation stand on: making them, taking them back, and knowing whose call it is.

Functions and methods are wrapped with wrapt, in place: a method is found through its class, so whoever holds the class,
or an instance made long ago, gets the patch. What is no class of Python's (`Lock`, `RLock`, `SimpleQueue`) cannot be
patched; its factory is replaced wherever a module has it, see `Patches.everywhere`.

**Inside.** An `Event` has a lock, a `Queue` has one with three conditions, a pool has a queue and a semaphore. Their
order is an accident of this run, and would hide races: with it every two `put` to one queue would be ordered. So what
the modules of the standard library make for themselves is not told of. It is known by who makes it: the globals of the
calling frame are those of such a module. With `--stdlib MODULE` that module is a program like any other, and its locks
are told of.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Set
from types import FrameType, ModuleType
from typing import Any

import wrapt

__all__ = [
    "MARK",
    "Patches",
    "behind_patches",
    "count_inside",
    "detector",
    "has_any",
    "is_inside",
    "is_inside_module",
    "is_made_inside",
    "sync_of",
]

Wrapper = Callable[[Any, Any, tuple[Any, ...], dict[str, Any]], Any]

# The attribute by which an instance of a patched class carries what is known of it; None: it is inside of something.
MARK = "_owned_audit"

_INSIDE = ("threading", "queue", "concurrent.futures", "asyncio", "importlib", "owned", "wrapt")
# Made by `threading`, yet what they lock is the program's code (3.15).
_RUN_THE_PROGRAMS = ("serialize_iterator.", "_concurrent_tee.")

_inside: dict[str, bool] = {}
_audited: frozenset[str] = frozenset()


class _Detector:
    """The detector that is told, by one more indirection: tests give a recording one."""

    module: Any = None


detector = _Detector()


def count_inside(*, but: Iterable[str] = ()) -> None:
    """Begin to tell modules that are inside from others.

    Args:
        but: modules of the standard library that are audited: nothing that they make is inside.
    """
    global _audited
    _audited = frozenset(but)
    _inside.clear()


def is_inside(frame: FrameType | None) -> bool:
    """Does this frame run code of the standard library's synchronisation (or ours), making something for itself?"""
    if frame is None:
        return False
    name = frame.f_globals.get("__name__")
    if type(name) is not str:
        return False
    answer = _inside.get(name)
    if answer is None:
        answer = _inside[name] = is_inside_module(name)
    return answer and not frame.f_code.co_qualname.startswith(_RUN_THE_PROGRAMS)


def is_inside_module(module: str) -> bool:
    """Is it a module of the standard library's synchronisation, which is not audited itself?"""
    if any([module == one or module.startswith(f"{one}.") for one in _audited]):
        return False
    return any([module == one or module.startswith(f"{one}.") for one in _INSIDE])


def is_made_inside() -> bool:
    """Asked by the wrapper of a constructor: is what is made for the standard library itself, see `is_inside`?"""
    return is_inside(behind_patches(sys._getframe(2)))


def behind_patches(frame: FrameType | None) -> FrameType | None:
    """The frame, or the first behind it that is neither of a patch nor of a constructor that calls its base's."""
    while frame is not None and (
        frame.f_code in _FORWARD or frame.f_globals.get("__name__", "").startswith(("owned._audit.", "wrapt"))
    ):
        frame = frame.f_back
    return frame


_FORWARD = frozenset([threading.BoundedSemaphore.__init__.__code__])


def sync_of(instance: Any, kind: str) -> Any:
    """The `Sync` of an instance of a patched class; None if it is inside of something.

    Made now for one that was there before.
    """
    known = instance.__dict__
    if MARK not in known:
        known.setdefault(MARK, detector.module.Sync(kind))
    return known[MARK]


class Patches:
    """What was changed, and how to change it back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []
        self._replaced: list[tuple[ModuleType, str, object, object]] = []

    def method(self, owner: type | ModuleType, name: str, wrapper: Wrapper) -> Any:
        """Wrap a function of a module, or a method that a class defines itself; give back what it was."""
        original = vars(owner)[name]
        wrapped = wrapt.FunctionWrapper(original, wrapper)
        setattr(owner, name, wrapped)

        def undo() -> None:
            if vars(owner).get(name) is wrapped:  # somebody else's patch on top of it stays
                setattr(owner, name, original)

        self._undo.append(undo)
        return original

    def value(self, owner: type | ModuleType, name: str, value: object) -> None:
        """Bind a name anew."""
        missing = object()
        original = vars(owner).get(name, missing)
        setattr(owner, name, value)

        def undo() -> None:
            if vars(owner).get(name) is value:
                delattr(owner, name) if original is missing else setattr(owner, name, original)

        self._undo.append(undo)

    def everywhere(self, original: object, replacement: object, *, but: Iterable[tuple[str, str]] = ()) -> None:
        """Bind every global of every module that is the one object to the other.

        Args:
            original: what is looked for, by identity.
            replacement: what is put in its place.
            but: (module, name) of globals that keep it.
        """
        keep = frozenset(but)
        for name, module in _programs_modules({id(original)}):
            for key, value in list(vars(module).items()):
                if value is original and (name, key) not in keep:
                    setattr(module, key, replacement)
                    self._replaced.append((module, key, original, replacement))

    def also(self, undo: Callable[[], object]) -> None:
        """Call this when everything is taken back."""
        self._undo.append(undo)

    def take_back(self) -> None:
        """Bring everything back to what it was, also in modules that were imported meanwhile."""
        while self._undo:
            self._undo.pop()()
        originals: dict[int, object] = {}
        for module, key, original, replacement in reversed(self._replaced):
            originals[id(replacement)] = original  # of several that one stands for, the first
            if vars(module).get(key) is replacement:
                setattr(module, key, original)
        for _, module in _programs_modules(originals.keys()):
            for key, value in list(vars(module).items()):
                if id(value) in originals:
                    setattr(module, key, originals[id(value)])
        self._replaced.clear()


def _programs_modules(wanted: Set[int]) -> list[tuple[str, ModuleType]]:
    """The modules in which a global is replaced: of all but those that need the real ones.

    Args:
        wanted: by ``id``, what is replaced.
    """
    return [
        (name, module)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] not in ("owned", "wrapt", "importlib", "asyncio")
        and hasattr(module, "__dict__")
        and has_any(map(id, list(vars(module).values())), wanted)
    ]


def has_any(ids: Iterable[int], wanted: Set[int]) -> bool:
    """Is one of them wanted? A program has tens of thousands of globals, and this is no loop of Python."""
    return not frozenset(wanted).isdisjoint(ids)
