# SPDX-License-Identifier: MIT
"""The violations that strict mode keeps, whatever became of their exceptions."""

from __future__ import annotations

from collections import deque

from owned._records import Violation

KEPT_MOST = 1000

_recorded: deque[Violation] = deque(maxlen=KEPT_MOST)


def record(violation: Violation) -> None:
    """Keep one more; of too many the oldest is dropped."""
    _recorded.append(violation)


def violations() -> tuple[Violation, ...]:
    """What went wrong in strict mode so far, also where the exception was swallowed or a policy let it pass.

    The way to ask at the end of a program, or of a test without the pytest plugin, whether anything happened: by a pool
    that dropped its result, in a callback, under a bare ``except``.

    Returns:
        The violations that happened while the mode was strict, on any thread, oldest first: the last thousand. Those of
        other modes are only counted, see ``stats``.

    Raises:
        Nothing.

    Threads:
        Any thread. What another thread does meanwhile may be in it or not.
    """
    return tuple(_recorded.copy())
