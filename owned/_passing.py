# SPDX-License-Identifier: MIT
"""May this thread give a value to another one, as it is? What channels, threads and pools ask."""

from __future__ import annotations

import enum
import functools
import types
import weakref
from collections.abc import Iterable
from typing import Any, Final

from owned._frozen import forget_types, needs_no_guard
from owned._known_types import is_of_event_loop, is_synchronized
from owned._words import with_article

__all__ = ["Passing", "culprit", "frozen_by_class", "passing_of", "refusal", "refuses_writes"]


class Passing(enum.IntEnum):
    """What becomes of a value that goes to another thread, from the best to the worst. csrc/passing.h has the same."""

    AS_IT_IS = 0
    """It cannot change, is frozen, shared, a parcel, or guards itself, as a lock or a queue does."""
    MOVED = 1
    """It is guarded and this thread's, and has to be moved."""
    NOT = 2
    """It is guarded, and another thread's, in transit, or orphaned."""
    UNGUARDED = 3
    """It can change, and nobody guards it."""


_judged: Final[weakref.WeakKeyDictionary[type, bool]] = weakref.WeakKeyDictionary()
forget_types.append(_judged.clear)


def passing_of(value: object) -> Passing:
    """The answer for what the C core does not know by sight. Called by it; a guarded object never comes here."""
    from owned import _core

    inside = _inside(value)
    if inside or isinstance(value, (frozenset, _core.frozendict)):
        return Passing(max([_core.passing(one) for _, one in inside], default=Passing.AS_IT_IS))
    cls = type(value)
    passes = _judged.get(cls)
    if passes is None:
        passes = needs_no_guard(cls) or is_synchronized(cls) or is_of_event_loop(cls)
        _judged[cls] = passes
    return Passing.AS_IT_IS if passes else Passing.UNGUARDED


def culprit(value: object, name: str) -> tuple[str, object, Passing]:
    """What in a value keeps it from passing as it is: the way to it, in words that begin with `name`, it, and why."""
    from owned import _core

    worst = Passing(_core.passing(value))
    for step, one in _inside(value):
        if _core.passing(one) == worst:
            return culprit(one, name + step)
    return name, value, worst


def refusal(value: object, name: str, call: str, *, has_option: bool = True) -> Exception:
    """The error for a value that may not go to another thread as it is.

    Args:
        value: what was to go.
        name: what the program calls it: ``"argument 2 ('account')"``, ``"the item"``.
        call: who takes it to the other thread: ``"transfer()"``, ``"put()"``.
        has_option: whether there is an ``unguarded`` to give.

    Returns:
        A ``TypeError`` for what can change and nobody guards; for what is guarded the violation that touching it there
        would be, counted and told to those who observe.
    """
    from owned import _core, _life, _violations

    path, one, passing = culprit(value, name)
    known_type = _core.known_type(one)
    kind = with_article(known_type.__name__)
    if passing in (Passing.UNGUARDED, Passing.AS_IT_IS) and refuses_writes(known_type):
        return TypeError(f"{path} of {call} is {kind}" + frozen_by_class(known_type.__name__))
    if passing in (Passing.UNGUARDED, Passing.AS_IT_IS):
        safe = (
            ""
            if known_type.__module__ == "builtins"
            else f"; if many threads may use one at once, say so: register({known_type.__name__}, 'synchronized')"
        )
        option = ", which unguarded='wrap' does by itself; unguarded='pass' lets it pass as it is" if has_option else ""
        return TypeError(
            f"{path} of {call} is {kind}: it can change, and nobody guards it, so two threads could be at it at once. "
            f"freeze() it, or wrap it and hand it over: move(own(...)){option}{safe}"
        )
    facts = _core.region_facts(one)
    if facts is None:  # a private object that is born where it is first touched
        return TypeError(f"{path} of {call} is {kind} that nobody has touched yet: touch it first")
    if passing == Passing.MOVED:
        advice = (
            f"{call} runs on another thread: hand it over with move(...), and that thread owns it; or share(..., "
            "lock=...) or freeze() it"
        )
    else:
        advice = _violations.advice_on(facts)
    whose = _violations.whose(facts) + _life.birth(one, _life.known_life(one), facts[1])
    return _violations.make_refusal(
        _violations.kind_of(facts), "pass", one, known_type, f"{path} of {call} is {kind}, and {whose}. {advice}"
    )


def refuses_writes(cls: type) -> bool:
    """Is it a frozen dataclass, or a frozen class of attrs? Runs none of the program's code."""
    for base in type.mro(cls):
        fields = _fields_of_class(base)
        if "__dataclass_params__" in fields:
            return bool(fields["__dataclass_params__"].frozen)
        setter = fields.get("__setattr__")
        if base is not object and isinstance(setter, types.FunctionType):
            return setter.__module__ == "attr._make" and setter.__name__ == "_frozen_setattrs"
    return False


_fields_of_class: Final = vars(type)["__dict__"].__get__


def frozen_by_class(name: str) -> str:
    """What is said of an instance of such a class, after what it is."""
    return (
        ": its class refuses writes, but object.__setattr__() goes around that, and what it refers to may be something "
        "that can change. freeze() it: it stays the same object, and all that it refers to is frozen with it. "
        f"Or, if nothing it refers to can ever change, say so of the class: register({name}, 'immutable')"
    )


def _inside(value: object) -> list[tuple[str, Any]]:
    """What a value that cannot change holds, with the way to it."""
    from owned import _core

    if isinstance(value, tuple):
        names: Iterable[Any] = getattr(type(value), "_fields", ())
        if names:
            return [(f".{name}", one) for name, one in zip(names, tuple.__iter__(value), strict=False)]
        return [(f"[{i}]", one) for i, one in enumerate(tuple.__iter__(value))]
    if isinstance(value, frozenset):
        return [("[...]", one) for one in frozenset.__iter__(value)]
    if isinstance(value, _core.frozendict):
        keys = [(f" key {key!r}", key) for key in value]
        return [(f"[{key!r}]", one) for key, one in value.items()] + keys
    if isinstance(value, (types.MethodType, types.BuiltinMethodType, types.MethodWrapperType)):
        return [] if isinstance(value.__self__, types.ModuleType) else [(".__self__", value.__self__)]
    if isinstance(value, functools.partial):
        named = [(f".keywords[{key!r}]", one) for key, one in value.keywords.items()]
        return [(".func", value.func), *[(f".args[{i}]", one) for i, one in enumerate(value.args)], *named]
    return []
