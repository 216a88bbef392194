# SPDX-License-Identifier: MIT
"""Why a value cannot be kept where every thread gets at it, in words."""

from __future__ import annotations

from owned._passing import Passing, culprit
from owned._words import with_article


def refusal(value: object, name: str, call: str) -> Exception:
    """The error for a value that not every thread may have. Called by the C core.

    Args:
        value: what was to be kept.
        name: what the program calls it: ``"value"``, ``"the result"``.
        call: what refuses it: ``"AtomicRef.set()"``.

    Returns:
        A ``TypeError`` for what can change and nobody guards; for what is guarded an ``OwnershipError``, counted and
        told to those who observe violations.
    """
    from owned import _core, _life, _violations, errors

    path, one, passing = culprit(value, name)
    known_type = _core.known_type(one)
    what = f"{call} takes what every thread may have, and {path} is {with_article(known_type.__name__)}"
    if passing is Passing.UNGUARDED:
        safe = f"; if it is safe, say so: register({known_type.__name__}, 'synchronized')"
        return TypeError(
            f"{what}, which can change and nobody guards. Pass freeze() of it, or share(own(...))"
            + ("" if known_type.__module__ == "builtins" else safe)
        )
    facts = _core.region_facts(one)
    state = "private" if facts is None else facts[0]
    clause = "" if facts is None else f": {_violations.whose(facts)}"
    if passing is Passing.MOVED:
        advice = "freeze() it, share() it under a lock, or pass move() of it for the one thread that claims it"
    else:
        advice = _violations.ADVICE[state]
    kinds: dict[str, type[errors.OwnershipError]] = {
        "in transit": errors.MovedError,
        "orphaned": errors.OrphanedError,
    }
    kind = errors.OwnershipError if passing is Passing.MOVED else kinds.get(state, errors.WrongThreadError)
    born = "" if facts is None else _life.birth(one, _life.known_life(one), facts[1])
    return _violations.make_refusal(kind, "keep", one, known_type, f"{what}{clause}{born}. {advice}")
