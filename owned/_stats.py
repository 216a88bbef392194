# SPDX-License-Identifier: MIT
"""What owned has counted, for the monitoring of a program."""

from __future__ import annotations

import attrs

from owned import _core, _modes, _policy


@attrs.frozen
class Stats:
    """What ``stats()`` gives: numbers of the whole process.

    Attributes:
        violations: violations since the start, raised or let pass.
        shares: calls of ``share`` that shared something, since the start.
        freezes: calls of ``freeze`` that froze something.
        moves: calls of ``move``.
        claims: parcels that were claimed.
        adoptions: calls of ``adopt`` that were granted.
        regions: regions alive now: one for each thread, ``Region()``, ``own()``, ``freeze()``, parcel and foreign
            lock in use.
        locks: ``Lock`` and ``RLock`` objects alive now.
        mode: the mode now: ``"off"``, ``"guard"``, ``"checked"``, ``"strict"``.
        policy: the policy now: ``"raise"``, ``"warn"``, ``"log"``, ``"count"``, or the name of the callable.

    Threads:
        A value: any thread may read it.
    """

    violations: int
    shares: int
    freezes: int
    moves: int
    claims: int
    adoptions: int
    regions: int
    locks: int
    mode: str
    policy: str


def stats() -> Stats:
    """What has been counted since the process began, and what is alive now.

    Counting costs nothing where a check passes: only violations and calls such as ``share`` are counted.

    Returns:
        ``Stats``: ``violations``, ``shares``, ``freezes``, ``moves``, ``claims``, ``adoptions`` since the start;
        ``regions`` and ``locks`` alive now; ``mode`` and ``policy``.

    Raises:
        Nothing.

    Threads:
        Any thread. Each number is right at the moment it is read; other threads may count on between two of them. The
        child of a fork goes on from its parent's numbers.
    """
    return Stats(*_core.counters(), mode=_modes.mode().value, policy=_policy_name())


def _policy_name() -> str:
    policy = _policy.current()
    if isinstance(policy, str):
        return policy
    name = getattr(policy, "__qualname__", None)
    return name if isinstance(name, str) else type(policy).__qualname__
