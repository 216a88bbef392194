# SPDX-License-Identifier: MIT
"""What a channel has to say. csrc/channel.c does the work."""

from __future__ import annotations

from typing import NoReturn

from owned._passing import culprit, frozen_by_class, refuses_writes
from owned._warn import warn
from owned.errors import UnclaimedWarning


def refuse_unguarded(item: object, channel: str) -> NoReturn:
    """Raise the TypeError for an item that can change and that nobody guards. Called by the C core.

    Raises:
        TypeError: always; it names the way to what nobody guards.
    """
    path, found, _ = culprit(item, "item")
    kind = type(found).__name__
    what = f"`item` is a {kind}" if found is item else f"`{path}` is a {kind}"
    refused = f"cannot put a {type(item).__name__} into {channel}: {what}"
    if refuses_writes(type(found)):
        raise TypeError(refused + frozen_by_class(kind))
    raise TypeError(
        f"{refused}, which can change and which nobody guards, so two "
        "threads could change it at once. Put own(...) around it, use an @owned class, a List, Dict or Set, or freeze "
        "it; Channel(unguarded='wrap') wraps what is put, Channel(unguarded='pass') lets it pass"
    )


def warn_unclaimed(channel: str, count: int, first: type) -> None:
    """Warn that a channel is gone with things in it that were handed over. Called by the C core, in strict mode."""
    kind = first.__name__
    what = f"an object of type {kind}" if count == 1 else f"{count} objects, the first of type {kind},"
    warn(UnclaimedWarning(f"{channel} is gone with {what} in it that nobody has got: nobody can touch it any more"))
