# SPDX-License-Identifier: MIT
"""Fixtures for every test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def elsewhere() -> Callable[..., Any]:
    """``elsewhere(f, *args)``: run f on a new thread; its result, or its exception raised here. Hung is a failure."""

    def run(function: Callable[..., Any], *args: Any) -> Any:
        outcome: list[Any] = []

        def target() -> None:
            try:
                outcome.append((function(*args), None))
            except BaseException as error:
                outcome.append((None, error))

        thread = threading.Thread(target=target, name="elsewhere")
        thread.start()
        thread.join(30)
        assert not thread.is_alive(), "the other thread hangs"
        result, error = outcome.pop()
        if error is not None:
            raise error
        return result

    return run
