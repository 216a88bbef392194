# SPDX-License-Identifier: MIT
"""Small guarded classes that many tests use."""

from __future__ import annotations

from typing import Any

import owned


@owned.owned
class Node:
    """Fields in slots; may hang together in any graph."""

    __slots__ = ("__weakref__", "children", "name", "next")

    def __init__(self, name: str = "node", next: Any = None) -> None:
        self.name = name
        self.next = next
        self.children: list[Any] = []

    def rename(self, name: str) -> str:
        """Write a field, return the old value."""
        before, self.name = self.name, name
        return before


@owned.owned
class Bag:
    """Fields in a __dict__."""

    def __init__(self, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(self, name, value)
