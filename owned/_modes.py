# SPDX-License-Identifier: MIT
"""The mode and the policy of the process: what they are, and changing them while the program runs.

The mode's number lives in the core (csrc/mode.h), which reads it behind the failed compare. Beside it, ``@owned``
classes look different in each mode: see ``owned/_classes.py``, which changes them over.
"""

from __future__ import annotations

import enum
import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from owned import _classes, _core, _policy

if TYPE_CHECKING:
    from owned._policy import Policy

_F = TypeVar("_F", bound="Callable[[Mode], object]")


class Mode(enum.StrEnum):
    """How much is checked. A ``Mode`` is a ``str``; docs/modes.md compares them.

    Threads:
        A value: any thread may read it.
    """

    OFF = "off"
    GUARD = "guard"
    CHECKED = "checked"
    STRICT = "strict"


_NUMBERS = {mode: number for number, mode in enumerate(Mode)}  # csrc/mode.h has the same order
_MODES = tuple(Mode)

_lock = threading.RLock()  # on_switch callbacks may configure
if hasattr(os, "register_at_fork"):  # the child must not find it held by a thread it does not have
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)

_callbacks: tuple[Callable[[Mode], object], ...] = ()


def mode() -> Mode:
    """The mode that the process is in.

    Returns:
        ``Mode.OFF``, ``GUARD``, ``CHECKED`` or ``STRICT``; equal to ``"off"``, ``"guard"`` and so on.

    Raises:
        Nothing.

    Threads:
        Any thread; another one may change it at any time.
    """
    return _MODES[_core.get_mode()]


class Configured:
    """What ``configure`` gives: used as a context manager, it restores at the end of its block what was before.

    Threads:
        The mode and the policy are the process's, not the thread's: blocks of several threads that overlap restore
        what each of them found.
    """

    __slots__ = ("_mode", "_policy")

    def __init__(self, mode: Mode | None, policy: Policy | None) -> None:
        self._mode = mode
        self._policy = policy

    def __enter__(self) -> Configured:
        """It acted when it was made."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Restore the mode and the policy, each if it was given."""
        _set(self._mode, self._policy)


def configure(*, mode: Mode | str | None = None, policy: Policy | None = None) -> Configured:
    """Choose how much is checked and what becomes of a violation, for the whole process and at once.

    What is chosen here counts for more than ``OWNED_MODE`` and ``OWNED_POLICY`` in the environment, and these for
    more than ``[tool.owned]`` in pyproject.toml.

    Args:
        mode: ``"off"``, ``"guard"`` (writes are checked), ``"checked"`` (reads and writes, the default) or
            ``"strict"`` (with
            all that explains a violation); None: as it is.
        policy: ``"raise"`` (the default), ``"warn"``, ``"log"`` (logger ``owned``), ``"count"`` (see ``stats``), or a
            callable
            that gets the ``Violation``: unless it raises, the access passes. None: as it is. Writes to frozen
            objects, and calls such as ``share`` and ``move`` that cannot be granted, raise whatever the policy.

    Returns:
        A handle; ``with configure(...):`` restores at the end of the block what was before.

    Raises:
        ValueError: there is no mode or policy of that name.
        TypeError: `policy` is neither a name nor callable.
        RuntimeError: the mode is to become off, or was off, after a class was decorated or an object owned: those are
            already what they would not be. Set it before, best with ``OWNED_MODE``.

    Threads:
        Any thread, while others run: one that is in the middle of an access finishes it as it began. A write is
        checked at every moment; see docs/modes.md.
    """
    wanted = None if mode is None else _mode_named(mode)
    if policy is not None:
        _policy.check(policy)
    with _lock:
        before = Configured(
            None if wanted is None else _MODES[_core.get_mode()], None if policy is None else _policy.current()
        )
        _set(wanted, policy)
    return before


def strict() -> Configured:
    """``configure(mode="strict")``: everything is checked, and much is remembered to explain violations. For tests.

    Returns:
        A handle; ``with strict():`` restores at the end of the block what was before.

    Raises:
        RuntimeError: the mode was off when a class was decorated or an object owned.

    Threads:
        Any thread; the mode is the process's.
    """
    return configure(mode=Mode.STRICT)


def checked() -> Configured:
    """``configure(mode="checked")``: reads and writes are checked. The default, for development.

    Returns:
        A handle; ``with checked():`` restores at the end of the block what was before.

    Raises:
        RuntimeError: the mode was off when a class was decorated or an object owned.

    Threads:
        Any thread; the mode is the process's.
    """
    return configure(mode=Mode.CHECKED)


def guard() -> Configured:
    """``configure(mode="guard")``: writes are checked, reads run at native speed. For production.

    Returns:
        A handle; ``with guard():`` restores at the end of the block what was before.

    Raises:
        RuntimeError: the mode was off when a class was decorated or an object owned.

    Threads:
        Any thread; the mode is the process's.
    """
    return configure(mode=Mode.GUARD)


def on_switch(callback: _F) -> _F:
    """Have a callable called with the new mode after each switch, on the thread that switched. Also a decorator."""
    global _callbacks
    with _lock:
        _callbacks = (*_callbacks, callback)
    return callback


def _mode_named(mode: Mode | str) -> Mode:
    try:
        return Mode(mode)
    except ValueError:
        raise ValueError(f"`mode` must be one of {', '.join(Mode)}, got {mode!r}") from None


def _set(wanted: Mode | None, policy: Policy | None) -> None:
    with _lock:
        if wanted is not None:
            _switch(wanted)
        if policy is not None:
            _policy.install(policy)


def _switch(wanted: Mode) -> None:
    now = _MODES[_core.get_mode()]
    if wanted is now:
        return
    if Mode.OFF in (wanted, now) and _core.is_mode_relied_on():
        raise RuntimeError(
            f"the mode cannot become {wanted} any more, it is {now} and a class has been decorated or an object owned: "
            + (
                "those are guarded already"
                if wanted is Mode.OFF
                else "those were left as they are, and nothing would check them"
            )
            + f". Choose before that: OWNED_MODE={wanted} in the environment, or configure(mode={wanted.value!r}) first"
        )
    _classes.switch(_NUMBERS[wanted])
    for callback in _callbacks:
        callback(wanted)
