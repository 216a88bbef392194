# SPDX-License-Identifier: MIT
"""``@pytest.mark.owned(...)``: what its arguments may be, and what they mean."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import attrs
import pytest

from owned import errors
from owned._modes import Mode
from owned._records import Violation

MODES = tuple(str(mode) for mode in Mode if mode is not Mode.OFF)
"""Those that a single test can run in: what was made in mode off cannot be checked, and the other way round."""

_TARGETS = "True, the name or class of an error, 'Type', 'Type.attribute', or a tuple of those"


@attrs.frozen
class Wishes:
    """What the markers of a test ask for.

    Attributes:
        mode: the mode it is to run in; None for that of the session.
        allowed: what may happen in it: exception classes, and names of types and attributes.
    """

    mode: str | None
    allowed: tuple[type[errors.OwnershipError] | str, ...]

    @classmethod
    def of(cls, item: pytest.Item) -> Wishes:
        """Read the markers of a test: the closest mode, everything that any of them allows.

        Raises:
            ValueError: An argument has no meaning; the text says which, and what would have one.
        """
        mode: str | None = None
        allowed: list[type[errors.OwnershipError] | str] = []
        for marker in item.iter_markers("owned"):
            unknown = sorted(set(marker.kwargs) - {"mode", "allow"})
            if marker.args or unknown or not marker.kwargs:
                given = f"got {unknown[0]!r}" if unknown else "by keyword"
                raise ValueError(f"it takes `mode` and `allow`, {given}")
            if mode is None:
                mode = _mode(marker.kwargs.get("mode"))
            allowed += _allowed(marker.kwargs.get("allow"))
        return cls(mode, tuple(allowed))

    def allow(self, violation: Violation) -> bool:
        """Whether the test says that this may happen."""
        error = getattr(errors, violation.error, errors.OwnershipError)
        target = violation.type_name
        names = {target, f"{target}.{violation.name}"}
        return any(
            allowed in names if isinstance(allowed, str) else issubclass(error, allowed) for allowed in self.allowed
        )


def _mode(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in MODES:
        raise ValueError(f"`mode` must be one of {', '.join(map(repr, MODES))}, got {value!r}")
    return str(value)


def _allowed(value: object) -> list[type[errors.OwnershipError] | str]:
    if value is None or value is False:
        return []
    if value is True:
        return [errors.OwnershipError]
    if isinstance(value, str | type):
        return [_target(value)]
    if isinstance(value, Iterable):
        return [_target(one) for one in value]
    raise ValueError(f"`allow` must be {_TARGETS}, got {value!r}")


def _target(value: object) -> type[errors.OwnershipError] | str:
    if isinstance(value, type) and issubclass(value, errors.OwnershipError):
        return value
    if isinstance(value, str) and value in errors.__all__:
        kind: type[errors.OwnershipError] = getattr(errors, value)
        return kind
    if isinstance(value, str) and value and not get_close_matches(value, errors.__all__, 1, 0.8):
        return value
    raise ValueError(f"`allow` must be {_TARGETS}, got {value!r}, which is no error of owned")
