# SPDX-License-Identifier: MIT
"""What an object holds, looked at without running code of its class: no ``__getattr__``, property or ``__iter__``."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

_mro = type.__dict__["__mro__"].__get__
_namespace = type.__dict__["__dict__"].__get__


def fields(obj: object) -> Iterator[tuple[str, Any]]:
    """The names and values in an instance's slots and in its ``__dict__``.

    An owned instance's are checked as ever, so this runs in ``unchecked()`` unless the caller is its owner.
    """
    from owned import _core

    for base in _mro(type(obj)):
        for name, attribute in tuple(_namespace(base).items()):
            kind = type(attribute)
            if kind is types.MemberDescriptorType or kind is _core.CheckedSlot:
                try:
                    yield name, attribute.__get__(obj)
                except AttributeError:  # it has no value
                    continue
    names = attributes(obj)
    if names is not None:
        yield from tuple(dict.items(names))


def attributes(obj: object) -> dict[str, Any] | None:
    """An instance's ``__dict__`` itself; None if it has none."""
    for base in _mro(type(obj)):
        descriptor = _namespace(base).get("__dict__")
        if type(descriptor) is types.GetSetDescriptorType:
            names = descriptor.__get__(obj)
            return names if issubclass(type(names), dict) else None
    return None
