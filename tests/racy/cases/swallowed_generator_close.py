# SPDX-License-Identifier: MIT
"""A generator that is dropped is closed by whichever thread drops it, and its `finally` runs there."""

import threading

import pytest

import owned

ERROR = "LockNotHeldError"


def drop_on_worker(make):
    worker = threading.Thread(target=lambda: next(make()))
    worker.start()
    worker.join()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_racy():
    """The `finally` puts a connection back into a pool without the pool's lock."""
    pool = owned.share(owned.List())

    def rows():
        try:
            yield 1
        finally:
            pool.append("connection")

    drop_on_worker(rows)


def test_right():
    """The `finally` takes the lock."""
    pool = owned.share(owned.List())

    def rows():
        try:
            yield 1
        finally:
            with owned.locked(pool):
                pool.append("connection")

    drop_on_worker(rows)
    with owned.locked(pool):
        assert pool == ["connection"]
