# SPDX-License-Identifier: MIT
"""The tables of docs/states.md, which tests run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

STATES = Path(__file__).parents[2] / "docs" / "states.md"


def read_table(head: str) -> Iterator[tuple[str, str, str]]:
    """(row, column, cell) of the table whose first line begins with `head`."""
    lines = STATES.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(head))
    columns = [cell.strip() for cell in lines[start].strip("|").split("|")]
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return
        row, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        assert len(cells) == len(columns) - 1, line
        for column, cell in zip(columns[1:], cells, strict=True):
            yield row, column, cell.strip("`")
