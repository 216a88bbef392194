# SPDX-License-Identifier: MIT
"""What the HTML pages have in common: how a string of the program becomes text, source views, tables, and the style.

All that a page shows of the program, names, messages, source lines, goes through `text` or, for a script, through
`script_json`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any

from owned._report_data import is_library

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_PLACE = re.compile(r"<!--\[(\w+)\]-->")
_CODE = re.compile(r"`([^`]+)`")


def fill(package: str, template: str, parts: dict[str, str]) -> str:
    """A page: the template with a part in each of its places, and the common style in that of ``style``.

    Args:
        package: which the template is a file of.
        template: its name.
        parts: HTML, by the names of the places.
    """
    page = resources.files(package).joinpath(template).read_text(encoding="utf-8")
    style = resources.files("owned").joinpath("_page.css").read_text(encoding="utf-8")
    filled = parts | {"style": style}
    return _PLACE.sub(lambda place: filled[place[1]], page)


def text(value: object) -> str:
    """Any string of the program, for a text or an attribute; what is unseen or turns the text around is spelt out."""
    return html.escape(_UNSEEN.sub(lambda found: ascii(found[0])[1:-1], str(value)))


def breakable(value: str) -> str:
    """A name that may be long: lines may break where a part of it ends."""
    return re.sub(r"([/.\\]|::)(?=\w)", r"\1<wbr>", text(value))


def place(file: str, line: int, function: str) -> str:
    """A place in the program."""
    return f'<code class="place">{breakable(file)}:{line}</code> in <code>{breakable(function)}</code>'


def prose(value: str | None) -> str:
    """A sentence of ours: what is in backticks is code."""
    return _CODE.sub(r"<code>\1</code>", text(value or ""))


def script_json(value: object) -> str:
    """JSON that no string in it can end: neither for HTML, where `<` starts a tag, nor for JavaScript."""
    written = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def number(count: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def address(value: int) -> str:
    """An address as Python writes it."""
    return f"{value & (2**64 - 1):#x}"


def duration(ns: float) -> str:
    """A length of time with three digits that matter."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            value = ns / size
            return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
    return f"{ns:.0f} ns"


def listed(items: list[str], most: int) -> str:
    """So many of them, and how many more there are."""
    more = f" and {len(items) - most:,} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def left_out(count: int, what: str) -> str:
    """A paragraph that says how much is not shown; nothing if all is."""
    return f'<p class="dim">Not shown: {count:,} {what}.</p>' if count else ""


def dedented(lines: list[str]) -> list[str]:
    """Without the indentation that all lines have."""
    lines = [line.expandtabs(4) for line in lines]
    indents = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip()]
    return [line[min(indents, default=0) :] for line in lines]


def runs(sites: Iterable[dict[str, Any]]) -> Iterator[tuple[bool, list[dict[str, Any]]]]:
    """The frames of a stack, split where it passes between the program and libraries."""
    run: list[dict[str, Any]] = []
    for site in sites:
        if run and is_library(run[0]["file"]) != is_library(site["file"]):
            yield is_library(run[0]["file"]), run
            run = []
        run.append(site)
    if run:
        yield is_library(run[0]["file"]), run


def table(caption: str, columns: Iterable[str | tuple[str, str]], rows: Iterable[str]) -> str:
    """A table that scrolls for itself where it is too wide.

    Args:
        caption: what is in it.
        columns: their titles, or pairs of title and class.
        rows: ``<tr>`` elements.
    """
    head = "".join(
        f'<th scope="col">{column}</th>'
        if isinstance(column, str)
        else f'<th scope="col" class="{column[1]}">{column[0]}</th>'
        for column in columns
    )
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{caption}"><table><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def source_view(lines: list[str], first: int, marked: int, name: str) -> str:
    """Lines of source with their numbers, one of them brought out.

    Args:
        lines: the lines.
        first: the number of the first of them.
        marked: the number of the line that matters.
        name: what is shown here, for those who do not see it.
    """
    last = first + len(lines) - 1
    rows = []
    for at, line in enumerate(dedented(lines), first):
        tag, mark = ("mark", "▸") if at == marked else ("span", " ")
        rows.append(f"<{tag}><i>{mark} {at:>{len(str(last))}}</i> {text(line)}\n</{tag}>")
    return f'<pre class="code" tabindex="0" role="region" aria-label="{text(name)}">{"".join(rows)}</pre>'
