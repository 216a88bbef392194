# SPDX-License-Identifier: MIT
"""What becomes of a violation that could be let pass: an exception, a warning, a line in a log, a number.

=================  =================================================================================================
``"raise"``        the exception
``"warn"``         a ``ViolationWarning`` at the line that touched the object; the access passes
``"log"``          an error on the logger ``owned``; the access passes. A site (``Violation.key``) is logged in full the
                   first time, then in one line at the 10th, 100th, 1000th ... time
``"count"``        only ``owned.stats()`` knows; the access passes
a callable         is called with the ``Violation``; the access passes, unless it raises: then that is what the access
                   raises
=================  =================================================================================================

A reaction runs on the thread of the violation, in the middle of the program: it looks at nothing that is guarded, and a
violation that happens inside it (in a log handler, in a destructor) is counted and passes, so that nothing goes in
circles.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

from owned import _warn, errors
from owned._records import Violation

if TYPE_CHECKING:
    import logging

Policy: TypeAlias = 'Literal["raise", "warn", "log", "count"] | Callable[[Violation], object]'
_Reaction: TypeAlias = "Callable[[errors.OwnershipError, Violation], BaseException | None]"

_SITES_REMEMBERED = 10_000
"""Sites that the policy "log" counts apart: a program may touch any number of keys. The rest counts as one."""


class _Inside(threading.local):
    """Is this thread reacting to a violation?"""

    yes = False


_inside = _Inside()


def apply(error: errors.OwnershipError) -> BaseException | None:
    """Do with a violation what the policy says.

    Args:
        error: the violation; ``error.violation`` is set.

    Returns:
        The exception to raise, or None to let the access pass.
    """
    reaction = _reaction
    if reaction is None:
        return error
    if _inside.yes:
        return None
    _inside.yes = True
    try:
        return reaction(error, error.violation or Violation.of(error))
    except BaseException as raised:
        return raised
    finally:
        _inside.yes = False


def is_count() -> bool:
    """Is a violation only counted?"""
    return _policy == "count"


def current() -> Policy:
    """The policy as it was given to ``configure``."""
    return _policy


def check(policy: object) -> None:
    """Raise unless it is a policy.

    Raises:
        ValueError: there is no policy of that name.
        TypeError: it is neither a name nor callable.
    """
    if isinstance(policy, str):
        if policy not in NAMES:
            raise ValueError(f"`policy` must be one of {', '.join(NAMES)} or a callable, got {policy!r}")
    elif not callable(policy):
        raise TypeError(f"`policy` must be one of {', '.join(NAMES)} or a callable, got {type(policy).__name__}")


def install(policy: Policy) -> None:
    """Let this be the policy from now on. It was checked before."""
    global _policy, _reaction
    reaction = _NAMED[policy]() if isinstance(policy, str) else _calling(policy)
    _policy, _reaction = policy, reaction


# ---- the reactions ---------------------------------------------------------------------------------------------------


def _raising() -> None:
    return None


def _counting() -> _Reaction:
    return lambda error, violation: None  # report() has counted it


def _calling(handler: Callable[[Violation], object]) -> _Reaction:
    def call(error: errors.OwnershipError, violation: Violation) -> None:
        handler(violation)

    return call


def _warning() -> _Reaction:
    def warn(error: errors.OwnershipError, violation: Violation) -> None:
        warning = errors.ViolationWarning(violation.message)
        warning.violation = violation
        _warn.warn(warning)

    return warn


def _logging() -> _Reaction:
    import logging

    return _Log(logging.getLogger("owned"))


class _Log:
    """The policy "log", and how often it has seen each site."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._counts: dict[object, int] = {}
        self._lock = threading.RLock()  # the collector may run a destructor that comes here again

    def __call__(self, error: errors.OwnershipError, violation: Violation) -> None:
        count = self._see(violation.key)
        if count == 1:
            self._write(violation, "%s: %s", (violation.error, violation.message))
        elif _is_power_of_ten(count):
            self._write(violation, "%s: %s, %d times so far", (violation.error, violation.headline, count))

    def _see(self, key: object) -> int:
        with self._lock:
            if key not in self._counts and len(self._counts) >= _SITES_REMEMBERED:
                key = None
            count = self._counts[key] = self._counts.get(key, 0) + 1
        return count

    def _write(self, violation: Violation, message: str, values: tuple[object, ...]) -> None:
        logger = self._logger
        level = 40  # logging.ERROR
        if not logger.isEnabledFor(level):
            return
        place = (violation.file, violation.line)
        extra = {"violation": violation}
        record = logger.makeRecord(logger.name, level, *place, message, values, None, violation.function, extra)
        try:
            logger.handle(record)
        except Exception:  # a handler's own trouble is no reason to fail the access
            return


def _is_power_of_ten(number: int) -> bool:
    while number % 10 == 0:
        number //= 10
    return number == 1


_NAMED: dict[str, Callable[[], _Reaction | None]] = {
    "raise": _raising,
    "warn": _warning,
    "log": _logging,
    "count": _counting,
}
NAMES = tuple(_NAMED)

_policy: Policy = "raise"
_reaction: _Reaction | None = None
