# SPDX-License-Identifier: MIT
"""``thaw``: the deep mutable copy of a frozen graph."""

from __future__ import annotations

from typing import Any, TypeVar

from owned._frozen import VALUE_LAYOUTS
from owned._words import with_article

_T = TypeVar("_T")


def thaw(obj: _T, /) -> _T:
    """A deep mutable copy of a frozen object, private to the calling thread.

    Frozen instances become instances of their class again, without ``__init__`` being called. ``tuple`` becomes
    ``list``, ``frozendict`` becomes ``dict``, ``frozenset`` becomes ``set``: freeze keeps no note of what was a tuple
    before it, so that what was one comes back as a list. Keys of dicts and members of sets stay what they are, as they
    have to be hashable, and so do named tuples with what they hold. References to one object become references to one
    copy; what cannot change is not copied.

    Args:
        obj: a frozen object, or an immutable one.

    Returns:
        The copy; an immutable object that holds nothing comes back itself.

    Raises:
        TypeError: ``obj`` is not frozen: ``copy.deepcopy`` copies it.

    Threads:
        Any thread; the copy belongs to the caller.
    """
    from owned import _core

    if isinstance(obj, _core.Region):
        raise TypeError("`obj` must be a frozen object, got a Region: thaw() what was born in it")
    if not _core.is_frozen(obj):
        raise TypeError(
            f"`obj` must be frozen, got {with_article(type(obj).__name__)} that is not: copy.deepcopy(obj) copies it"
        )
    return _Thawing().run(obj)  # type: ignore[no-any-return]


def _inside_of(wrapper: Any) -> Any:
    from owned import _core

    with _core.unchecked():  # a frozen wrapper gives its inside to nobody else
        return _core.unwrap(wrapper)


class _Thawing:
    """One call of thaw: shells first, then what is in them, over a list instead of by recursion."""

    def __init__(self) -> None:
        from owned import _core

        self.copies: dict[int, Any] = {}
        self.todo: list[tuple[Any, Any]] = []
        self.wrapper: type = _core.Wrapper

    def run(self, root: Any) -> Any:
        """The copy of ``root``, filled. Containers first: an owned instance copies what is stored in it."""
        thawed = self.shell(root)
        instances = []
        for original, shell in self.todo:  # grows while it is walked
            if isinstance(shell, list):
                shell.extend(map(self.shell, original))
            elif isinstance(shell, dict):
                shell.update((key, self.shell(value)) for key, value in original.items())
            elif isinstance(shell, set):
                shell.update(original)
            else:
                instances.append((shell, *self.fields(original)))
        for shell, slots, attributes in reversed(instances):
            self.fill(shell, slots, attributes)
        return thawed

    def shell(self, original: Any) -> Any:
        """The copy, still empty if it is new; the object itself where nothing in it can change."""
        known = self.copies.get(id(original))
        if known is None:
            known = self.new(original)
            if known is not original:
                self.copies[id(original)] = known
                if not issubclass(type(original), self.wrapper):
                    self.todo.append((original, known))
        return known

    def new(self, original: Any) -> Any:
        from owned import _core

        kind = type(original)
        if kind is tuple:
            return []
        if kind is frozenset:
            return set()
        if _core.is_frozendict(original):
            return {}
        if issubclass(kind, _core.FrozenBase):
            cls: Any = original.__class__
            for ground in VALUE_LAYOUTS:
                if issubclass(cls, ground):
                    return ground.__new__(cls, original)
            return object.__new__(cls)
        if issubclass(kind, self.wrapper):
            return _core.own(self.shell(_inside_of(original)))
        return original

    def fields(self, original: Any) -> tuple[dict[Any, Any], dict[str, Any]]:
        from owned import _core

        slots, attributes = _core.frozen_fields(original)
        return (
            {member: self.shell(value) for member, value in slots.items()},
            {name: self.shell(value) for name, value in (attributes or {}).items()},
        )

    def fill(self, shell: Any, slots: dict[Any, Any], attributes: dict[str, Any]) -> None:
        from owned import _core

        is_owned = isinstance(shell, _core.Owned)
        for member, value in slots.items():
            if is_owned:
                member = vars(member.__objclass__)[member.__name__]
            member.__set__(shell, value)
        if not is_owned:
            if attributes:
                object.__getattribute__(shell, "__dict__").update(attributes)
            return
        for name, value in attributes.items():
            _core.Owned.__setattr__(shell, name, value)
