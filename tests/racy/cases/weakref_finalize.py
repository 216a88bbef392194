# SPDX-License-Identifier: MIT
"""A `weakref.finalize` runs on whichever thread drops the object, and what it raises goes to stderr."""

import threading
import weakref

import pytest

import owned

ERROR = "WrongThreadError"


class Connection:
    pass


def drop_on_worker(finalizer):
    def work():
        connection = Connection()
        weakref.finalize(connection, finalizer, 1)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_racy():
    """It puts the connection's number back into a pool that belongs to the main thread."""
    free = owned.List()
    drop_on_worker(free.append)


def test_right():
    """It puts the number back under the pool's lock."""
    free = owned.share(owned.List(), lock=owned.RLock())

    def put_back(number):
        with owned.locked(free):
            free.append(number)

    drop_on_worker(put_back)
    with owned.locked(free):
        assert free == [1]
