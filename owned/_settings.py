# SPDX-License-Identifier: MIT
"""Where the mode and the policy come from when a program says nothing: the environment, else pyproject.toml.

``[tool.owned]`` in the first pyproject.toml from the current folder upwards::

    [tool.owned]
    mode = "guard"                      # OWNED_MODE counts for more
    policy = "log"                      # OWNED_POLICY counts for more
    own = [                             # classes of others to guard: each is given to own_class()
        "shop.basket:Basket",
        {class = "shop.stock:Stock", shared_by = "_lock", unlocked = ["name"]},
    ]
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import attrs

from owned import _modes, _policy

MODE_VARIABLE = "OWNED_MODE"
POLICY_VARIABLE = "OWNED_POLICY"

_FILE = "pyproject.toml"
_MARK = b"tool.owned"


@attrs.frozen
class Settings:
    """What was found: None for what nobody says."""

    mode: str | None = None
    policy: str | None = None
    own: tuple[dict[str, Any], ...] = ()
    """For each class its ``"class"``, and the keyword arguments of own_class()."""


def apply() -> None:
    """Set mode and policy as environment and pyproject.toml say. Called once, when owned is imported.

    Raises:
        ValueError: one of them says what there is not; the message names the variable or the file.
    """
    found = from_file()
    mode = _from_environment(MODE_VARIABLE, tuple(_modes.Mode)) or found.mode
    policy = _from_environment(POLICY_VARIABLE, _policy.NAMES) or found.policy
    if mode is not None or policy is not None:
        _modes.configure(mode=mode, policy=policy)  # type: ignore[arg-type]  # both were looked at
    for entry in found.own:
        from owned import _own_class

        options = dict(entry)
        _own_class.own_class(options.pop("class"), **options)


def _from_environment(variable: str, known: tuple[str, ...]) -> str | None:
    value = os.environ.get(variable)
    if value and value not in known:
        raise ValueError(f"the environment variable {variable} must be one of {', '.join(known)}, got {value!r}")
    return value or None


def from_file() -> Settings:
    """What the nearest pyproject.toml says.

    Raises:
        ValueError: it has a table ``[tool.owned]`` that cannot be read or says what there is not.
    """
    path = _nearest()
    if path is None:
        return Settings()
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return Settings()
    return _read(path, content) if _MARK in content else Settings()


def _nearest() -> str | None:
    try:
        folder = os.getcwd()
    except OSError:  # it was removed
        return None
    while True:
        path = os.path.join(folder, _FILE)
        if os.path.isfile(path):
            return path
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _read(path: str, content: bytes) -> Settings:
    import tomllib

    try:
        document = tomllib.loads(content.decode())
    except ValueError as error:  # no TOML, or not UTF-8
        raise ValueError(f"{path}: {error}") from None
    tool = document.get("tool")
    table = tool.get("owned", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise ValueError(f"{path}: tool.owned must be a table")
    known: dict[str, Callable[[str, Any], Any]] = {"mode": _mode, "policy": _policy_name, "own": _classes}
    unknown = sorted(table.keys() - known.keys())
    if unknown:
        raise ValueError(f"{path}: [tool.owned] has no key {unknown[0]!r}; there are {', '.join(known)}")
    return Settings(**{key: known[key](path, value) for key, value in table.items()})


def _mode(path: str, value: Any) -> str:
    return _one_of(path, "mode", value, tuple(_modes.Mode))


def _policy_name(path: str, value: Any) -> str:
    return _one_of(path, "policy", value, _policy.NAMES)


def _one_of(path: str, key: str, value: Any, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{path}: `{key}` in [tool.owned] must be one of {', '.join(known)}, got {value!r}")
    return value


def _classes(path: str, value: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, list):
        raise ValueError(
            f'{path}: `own` in [tool.owned] must be a list such as ["package.module:Class"], got {value!r}'
        )
    return tuple(_class(path, entry) for entry in value)


_OPTIONS: dict[str, Callable[[Any], bool]] = {
    "class": lambda value: isinstance(value, str),
    "slots": lambda value: isinstance(value, bool),
    "monitor": lambda value: isinstance(value, bool),
    "shared_by": lambda value: isinstance(value, str),
    "unlocked": lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
    "guarded_by": lambda value: isinstance(value, dict) and all(isinstance(lock, str) for lock in value.values()),
}


def _class(path: str, entry: Any) -> dict[str, Any]:
    if isinstance(entry, str):
        return {"class": entry}
    if not isinstance(entry, dict) or "class" not in entry:
        raise ValueError(
            f'{path}: each entry of `own` in [tool.owned] must be "package.module:Class", or a table such as '
            f'{{class = "package.module:Class", shared_by = "_lock"}}, got {entry!r}'
        )
    for key, value in entry.items():
        if key not in _OPTIONS:
            raise ValueError(f"{path}: `own` in [tool.owned] has no option {key!r}; there are {', '.join(_OPTIONS)}")
        if not _OPTIONS[key](value):
            raise ValueError(
                f"{path}: `own` in [tool.owned]: {key} = {value!r} for {entry['class']!r} has the wrong type"
            )
    return entry
