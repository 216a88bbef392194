# SPDX-License-Identifier: MIT
"""How frozen objects are pickled and copied: what arrives is frozen, too. Pickles name the functions here."""

from __future__ import annotations

import copyreg
from collections.abc import Callable
from typing import Any, Final

from owned._frozen import VALUE_LAYOUTS, defining, freeze


def reduce_frozen(obj: Any, protocol: int) -> Any:
    """How a frozen instance is pickled: what arrives is frozen as well. Called by the core.

    It is made and filled as its class says, and frozen once all that it reaches is filled: see ``Arriving``.
    """
    from owned import _core

    cls = obj.__class__
    for name in ("__reduce_ex__", "__reduce__"):
        if defining(cls, name) not in (object, _core.Owned, None):
            reduce = getattr(cls, name)
            recipe = reduce(obj, protocol) if name == "__reduce_ex__" else reduce(obj)
            if isinstance(recipe, str):
                return recipe
            function, arguments, state, elements, items, setter = (*recipe, None, None, None, None)[:6]
            rest = (state, elements and list(elements), items and list(items), setter)
            return _frozen_shell, (ARRIVING, function, arguments), (ARRIVING, *rest), None, None, _fill_frozen
    arguments, keywords = _new_arguments(cls, obj)
    if defining(cls, "__getstate__") not in (object, _core.Owned, None):
        state = cls.__getstate__(obj)
    else:
        state = _state(obj)
    function = copyreg.__newobj_ex__ if keywords else copyreg.__newobj__  # type: ignore[attr-defined]
    arguments = (cls, arguments, keywords) if keywords else (cls, *arguments)
    return _frozen_shell, (ARRIVING, function, arguments), (ARRIVING, state, None, None, None), None, None, _fill_frozen


class Arriving:
    """The frozen instances that one unpickling makes.

    They may refer to each other in circles, so none is frozen before all that were begun are filled. There is one of
    these per unpickling: every pickle of a frozen instance refers to the same object, which arrives as a new one.
    """

    __slots__ = ("_begun", "_filled")

    def __init__(self) -> None:
        self._begun = 0
        self._filled: list[Any] = []

    def __reduce__(self) -> Any:
        return Arriving, ()

    def begin(self) -> None:
        """An instance is there, and not filled yet."""
        self._begun += 1

    def end(self, obj: Any) -> None:
        """It is filled."""
        self._filled.append(obj)
        self._begun -= 1
        if not self._begun:
            filled, self._filled = self._filled, []
            for each in filled:
                freeze(each)


ARRIVING: Final = Arriving()


def _frozen_shell(arriving: Arriving, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    arriving.begin()
    return function(*arguments)


def _fill_frozen(obj: Any, how: tuple[Arriving, Any, Any, Any, Any]) -> None:
    """What unpickling does with the parts of a recipe, and then freeze. Named in pickles."""
    arriving, state, elements, items, setter = how
    if elements:
        obj.extend(elements)
    for key, value in items or ():
        obj[key] = value
    if state is not None and setter is not None:
        setter(obj, state)
    elif state is not None:
        _set_state(obj, state)
    arriving.end(obj)


def reduce_frozen_wrapper(inside: Any) -> Any:
    """The same for what ``own()`` gave. Called by the core."""
    return _frozen_wrapper, (ARRIVING, inside)


def _frozen_wrapper(arriving: Arriving, inside: Any) -> Any:
    from owned import _core

    arriving.begin()
    wrapper = _core.own(inside)
    arriving.end(wrapper)
    return wrapper


def _set_state(obj: Any, state: Any) -> None:
    set_state = getattr(obj, "__setstate__", None)
    if set_state is not None:
        set_state(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        obj.__dict__.update(state)
    for name, value in (slots or {}).items():
        setattr(obj, name, value)


def _new_arguments(cls: Any, obj: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if hasattr(cls, "__getnewargs_ex__"):
        arguments, keywords = cls.__getnewargs_ex__(obj)
        return tuple(arguments), dict(keywords)
    if hasattr(cls, "__getnewargs__"):
        return tuple(cls.__getnewargs__(obj)), {}
    for ground in VALUE_LAYOUTS:
        if issubclass(cls, ground):
            return (ground(obj),), {}
    return (), {}


def _state(obj: Any) -> Any:
    from owned import _core

    slots, attributes = _core.frozen_fields(obj)
    if slots:
        return attributes or None, {member.__name__: value for member, value in slots.items()}
    return attributes or None
