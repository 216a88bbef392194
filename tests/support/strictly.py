# SPDX-License-Identifier: MIT
"""Strict mode for a block, whatever the mode was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from owned import _core

CHECKED, STRICT = 2, 3


@contextmanager
def mode(number: int = STRICT) -> Iterator[None]:
    """Switch the mode, and back."""
    before = _core.get_mode()
    _core.set_mode(number)
    try:
        yield
    finally:
        _core.set_mode(before)
