# SPDX-License-Identifier: MIT
"""Our own locks, channels, atomics and parcels."""

from __future__ import annotations

from owned._audit._sync_base import Patches

__all__ = ["install"]


def install(patches: Patches) -> None:
    """Tell of them."""
