# SPDX-License-Identifier: MIT
"""What is known of methods and functions: which of them read and write the containers that they are given."""

from __future__ import annotations

METHODS: frozenset[str] = frozenset()
FUNCTIONS: frozenset[str] = frozenset()
