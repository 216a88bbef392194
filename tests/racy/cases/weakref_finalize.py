# SPDX-License-Identifier: MIT
"""A `weakref.finalize` runs on whichever thread drops the object, and what it raises goes to stderr."""

import threading
import weakref

import pytest

import owned

ERROR = "WrongThreadError"


class Connection:
    pass


def drop_on_worker(holder):
    worker = threading.Thread(target=holder.clear)
    worker.start()
    worker.join()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_racy():
    """It puts the connection's number back into a pool that belongs to the main thread."""
    free = owned.List()
    holder = [Connection()]
    weakref.finalize(holder[0], free.append, 1)
    drop_on_worker(holder)


def test_right():
    """It puts the number back under the pool's lock."""
    free = owned.share(owned.List(), lock=owned.RLock())

    def put_back(number):
        with owned.locked(free):
            free.append(number)

    holder = [Connection()]
    weakref.finalize(holder[0], put_back, 1)
    drop_on_worker(holder)
    with owned.locked(free):
        assert free == [1]
