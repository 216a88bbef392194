# SPDX-License-Identifier: MIT
"""Fixtures for the tests of how synchronisation is told of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from orders import Orders, Unseen
from owned._audit import _sync


@pytest.fixture
def orders() -> Iterator[Orders]:
    """Synchronisation is told of, to this one."""
    detector = Orders()
    _sync.install(detector_module=detector)
    yield detector
    _sync.uninstall()


@pytest.fixture
def unseen() -> Iterator[Unseen]:
    """``go()`` lets another thread's ``wait()`` return, and nobody is told."""
    one = Unseen()
    yield one
    one.close()


@pytest.fixture
def together() -> Callable[..., None]:
    """``together(f, g)``: run each on a thread of its own, to the end."""

    def run(*functions: Callable[[], object]) -> None:
        errors: list[BaseException] = []

        def guard(function: Callable[[], object]) -> None:
            try:
                function()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=guard, args=(function,)) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive(), "it hangs"
        if errors:
            raise errors[0]

    return run
