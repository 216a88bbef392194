# SPDX-License-Identifier: MIT
"""Which names of a class body are instance fields, for ``@owned(slots=True)``."""

from __future__ import annotations

import re
import sys
import types
import typing
from typing import Any

_NO_FIELD = re.compile(r"[\s'\"]*(?:\w+\s*\.\s*)*(?:ClassVar|InitVar)\b")


def annotated(cls: type) -> tuple[str, ...]:
    """The fields that are annotated in a class's own body, as attribute names (``__x`` is ``_A__x``).

    Raises:
        TypeError: one of them is still a ``field()`` that ``@dataclass`` or attrs has to look at.
    """
    values = vars(cls)
    return tuple(name for name, annotation in _annotations(cls).items() if _is_field(cls, name, annotation, values))


def _annotations(cls: type) -> dict[str, Any]:
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    return vars(cls).get("__annotations__", {})  # type: ignore[no-any-return]


def _is_field(cls: type, name: str, annotation: Any, values: types.MappingProxyType[str, Any]) -> bool:
    if _is_class_or_init_var(annotation):
        return False
    if name not in values:
        return True
    default = values[name]
    if _is_specifier(default):
        raise TypeError(
            f"@owned(slots=True) met the unfinished field {cls.__name__}.{name}: put it above @dataclass or "
            "@attrs.define, or let these make the slots"
        )
    return not any(hasattr(type(default), method) for method in ("__get__", "__set__", "__delete__"))


def _is_class_or_init_var(annotation: Any) -> bool:
    text = getattr(annotation, "__forward_arg__", annotation)
    if isinstance(text, str):
        return _NO_FIELD.match(text) is not None
    if annotation is typing.ClassVar or typing.get_origin(annotation) is typing.ClassVar:
        return True
    init_var = getattr(sys.modules.get("dataclasses"), "InitVar", None)
    return init_var is not None and (annotation is init_var or type(annotation) is init_var)


def _is_specifier(value: object) -> bool:
    field = getattr(sys.modules.get("dataclasses"), "Field", None)
    attribute = getattr(sys.modules.get("attr._make"), "_CountingAttr", None)
    return any(kind is not None and isinstance(value, kind) for kind in (field, attribute))
