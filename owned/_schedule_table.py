# SPDX-License-Identifier: MIT
"""A run of a crew as a table: one column per thread, one row per thing that happened, in the order in which it did."""

from __future__ import annotations

import linecache
import os
from collections.abc import Sequence
from itertools import groupby

from owned._crew import Event

_WIDTH = 112
_ROWS_PER_TURN = 12


def table(events: Sequence[Event], lanes: int) -> str:
    """The events as text.

    Args:
        events: what happened.
        lanes: how many threads took part.

    Returns:
        The table; its lines have no indentation. Source lines are quoted with their numbers.
    """
    width = max(24, (_WIDTH - 3 * (lanes - 1)) // lanes)
    rows = [[f"thread-{number}" for number in range(lanes)], ["-" * width] * lanes]
    for worker, turn in groupby(events, key=lambda event: event.worker):
        texts = _shorten([text for event in turn if (text := _text(event))])
        place = 0 if worker is None else worker
        rows += [["" if number != place else text for number in range(lanes)] for text in texts]
    return "\n".join(" | ".join(_fit(cell, width) for cell in row).rstrip() for row in rows)


def _text(event: Event) -> str:
    if event.kind in ("line", "go on"):
        code = linecache.getline(event.file, event.line).strip()
        place = str(event.line) if code else f"{os.path.basename(event.file)}:{event.line}"
        return f"  {place}: {code}" + (" (goes on)" if event.kind == "go on" else "")
    if event.kind == "end":
        return f"  -> {event.text}"
    if event.kind == "pause":
        return f"  (stopped {event.text})"
    return event.text if event.kind == "step" else f"  {event.text}"


def _shorten(texts: list[str]) -> list[str]:
    if len(texts) <= _ROWS_PER_TURN:
        return texts
    half = _ROWS_PER_TURN // 2
    return [*texts[:half], f"  ... {len(texts) - 2 * half} more", *texts[-half:]]


def _fit(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 3] + "..."
