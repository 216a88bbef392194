# SPDX-License-Identifier: MIT
"""``List``, ``Dict`` and ``Set`` beside the builtin types that they are, and builtin ones that ``own()`` has wrapped
beside those that others have wrapped, and beside the containers of ``persistent``. On one thread, which owns them.

Everything has a hundred items, numbers, of which 5 is one. What changes something is measured together with what undoes
it, and named so; sorting is that of what is sorted already. Iterating, sorting, copying, comparing, merging and so on
are told for all of the items together. The C type of wrapt 2 cannot be iterated: there the
Python class that extends it stands for it.

Not measured: contention, frozen containers, and what storing a plain container in a guarded one costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import owned
from benchmarks.harness import REPEATS, Case, importable, not_importable, statement
from benchmarks.subjects import MODES, WRAPPER_MODULES, WRAPT, ZOPE_PROXY, ZOPE_SECURITY, in_mode, wrappers

QUESTION = "Containers"
SIZE = 100

LIST = {
    "item": "x[5]",
    "slice of 3": "x[5:8]",
    "length": "len(x)",
    "iteration": "for _ in x: pass",
    "containment": "5 in x",
    "store": "x[5] = 5",
    "append and pop": "x.append(1)\nx.pop()",
    "extend and delete": "x.extend(ten)\ndel x[100:]",
    "sort": "x.sort()",
    "copy": "x.copy()",
    "comparison": "x == same",
}
DICT = {
    "item": "x[5]",
    "get": "x.get(5)",
    "length": "len(x)",
    "iteration": "for _ in x: pass",
    "iteration of items": "for _, _ in x.items(): pass",
    "containment": "5 in x",
    "store": "x[5] = 5",
    "store and delete": "x[-1] = 5\ndel x[-1]",
    "setdefault and pop": "x.setdefault(-1, 5)\nx.pop(-1)",
    "update": "x.update(ten)",
    "copy": "x.copy()",
    "comparison": "x == same",
}
SET = {
    "length": "len(x)",
    "iteration": "for _ in x: pass",
    "containment": "5 in x",
    "add and discard": "x.add(-1)\nx.discard(-1)",
    "update": "x.update(ten)",
    "union": "x | ten",
    "intersection": "x & ten",
    "copy": "x.copy()",
    "comparison": "x == same",
}
ALL_AT_ONCE = {"iteration", "iteration of items", "sort", "copy", "comparison", "union"}  # they take long enough
FASTER_THAN_WRAPT = {"item", "length", "iteration"}


def missing() -> list[str]:
    return not_importable(*WRAPPER_MODULES, "persistent")


def subjects(
    plain: type, guarded: type, persistent: str, *, iterated: bool
) -> dict[str, tuple[Callable[[Any], Any], str | None]]:
    """By name, what makes one of a plain one, and the mode it is measured in."""
    name = plain.__name__
    found: dict[str, tuple[Callable[[Any], Any], str | None]] = {name: (plain, None)}
    found |= {f"{guarded.__name__}, {mode}": (guarded, mode) for mode in MODES}
    found |= {"own(), checked": (owned.own, "checked")}
    found |= {wrapper: (wrap, None) for wrapper, wrap in wrappers(*dir(plain), iterated=iterated).items()}
    module, _, attribute = persistent.rpartition(".")
    if attribute and (theirs := importable(module)) is not None:
        found[attribute] = (getattr(theirs, attribute), None)
    return found


def goals(what: str) -> dict[str, float]:
    """What may be the ratios of what own() has wrapped to others."""
    return {ZOPE_PROXY: 1.0, ZOPE_SECURITY: 1.0} | ({WRAPT: 1.0} if what in FASTER_THAN_WRAPT else {})


def table(operations: dict[str, str], items: Any, ten: Any, guarded: type, persistent: str) -> list[Case]:
    """All operations on all subjects of a kind."""
    plain = type(items)
    found = []
    for what, code in operations.items():
        repeats = 1 if what in ALL_AT_ONCE else REPEATS
        for subject, (make, mode) in subjects(plain, guarded, persistent, iterated="for" in code).items():
            names = {"x": make(items.copy()), "ten": ten, "same": items.copy()}
            found.append(
                Case(
                    f"{plain.__name__}: {what}",
                    subject,
                    in_mode(mode, statement(code, names, repeats=repeats)),
                    plain.__name__,
                    also=goals(what) if subject.startswith("own(") else {},
                    per_loop=repeats,
                )
            )
    return found


def cases() -> list[Case]:
    numbers, ten = list(range(SIZE)), list(range(10))
    return [
        *table(LIST, numbers, ten, owned.List, "persistent.list.PersistentList"),
        *table(DICT, dict.fromkeys(numbers), dict.fromkeys(ten), owned.Dict, "persistent.mapping.PersistentMapping"),
        *table(SET, set(numbers), set(ten), owned.Set, ""),
    ]
