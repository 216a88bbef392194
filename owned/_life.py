# SPDX-License-Identifier: MIT
"""An object's life in words, for messages and for ``explain``. What is told here was written down in strict mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from owned._records import STRICT, Record

if TYPE_CHECKING:
    from owned._core import ThreadInfo

_DONE = {
    "share": "shared",
    "store": "joined what is shared when it was stored",
    "move": "moved",
    "claim": "claimed",
    "adopt": "adopted",
    "return": "made by a task that returned",
    "merge": "merged",
    "freeze": "frozen",
    "task_private": "made private to one task",
    "put": "put into",
    "get": "got from",
}
_SHARES = ("share", "store")


def known_life(obj: object) -> tuple[Record, ...]:
    """The steps of an object's life, oldest first: nothing unless the mode is strict."""
    from owned import _core

    return _core.life_of(obj) if _core.get_mode() == STRICT else ()


def birth(obj: object, life: tuple[Record, ...], owner: ThreadInfo | None) -> str:
    """A clause that tells where an object was made, to go behind one that tells whose it is; may be empty."""
    if not life or life[0].verb != "make" or not life[0].stack:
        return ""
    made = life[0]
    by = "" if owner is not None and owner.name == made.thread else f" by thread {made.thread!r}"
    return f"; it was {_made(obj)} at {made.file}:{made.line} in {made.function}{by}"


def record_of(state: str, life: tuple[Record, ...], record: Record | None) -> Record | None:
    """The step that brought an object into its state.

    A lock's record is the first ``share`` under it, perhaps of another object; a life knows the object's own.
    """
    if state != "shared":
        return record
    for step in reversed(life):
        if step.verb in _SHARES:
            return step
    return record


def story(obj: object, life: tuple[Record, ...]) -> str:
    """A life as lines, one per step."""
    return "".join([f"\n  {_line(obj, step)}" for step in life])


def _line(obj: object, step: Record) -> str:
    where = f"at {step.file}:{step.line} in {step.function} by thread {step.thread!r}"
    if step.verb == "make":
        called = f", called from {step.stack[1]}" if len(step.stack) > 1 else ""
        return f"{_made(obj)} {where}{called}"
    channel = f"{step.channel} " if step.channel else ""
    return f"{_DONE.get(step.verb, step.verb)} {channel}{_company(obj, step)}{where}"


def _made(obj: object) -> str:
    return "wrapped by own()" if _is_wrapper(obj) else "made"


def _company(obj: object, step: Record) -> str:
    """What a verb was called with, where that was another object that took this one along."""
    from owned import _core

    root = step.root_type
    if root == "Region":
        return "with its Region "
    if (
        step.verb in ("claim", "get") or root == _core.known_type(obj).__name__ or _is_wrapper(obj)
    ):  # freezing changes its inside
        return ""
    return f"with the {root} that reached it "


def _is_wrapper(obj: object) -> bool:
    from owned import _core

    return issubclass(type(obj), _core.Wrapper)
