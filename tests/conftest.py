# SPDX-License-Identifier: MIT
"""Fixtures for every test."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: many tests wait, for a timeout or for a program that they run."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    """Where Python may leave no caches behind, let the hundreds of programs that tests start share one for this run."""
    if sys.dont_write_bytecode and not sys.pycache_prefix:
        folder = tempfile.mkdtemp(prefix="owned-pycache-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
    worker = getattr(config, "workerinput", None)
    if worker is not None and config.args == config.getini("testpaths"):
        config.args = _from_elsewhere_on(
            config.rootpath, int(worker["workerid"].removeprefix("gw")), worker["workercount"]
        )


def _from_elsewhere_on(root: Path, number: int, count: int) -> list[str]:
    """The files in which there are tests, beginning elsewhere in each worker.

    Each of them collects everything, and begins at the same moment. To rewrite the assertions of a module takes longer
    than all the rest; so each does it for a share of them, and finds the others' results where Python keeps its caches.
    """
    files = sorted(str(path) for path in (root / "tests").rglob("test_*.py"))
    begin = len(files) * number // count
    return files[begin:] + files[:begin]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One order of the tests, wherever their collection began."""
    items.sort(key=lambda item: item.path)


def pytest_collection_finish() -> None:
    """Take thousands of collected tests out of the collector's sight: many tests collect, and would look at them."""
    gc.collect()
    gc.freeze()


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


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What the test starts dies of SIGINT, also where pytest itself runs in the background, and ignores it.

    Children inherit that a signal is ignored; one that has a handler begins anew in them.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
