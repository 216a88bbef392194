# SPDX-License-Identifier: MIT
"""`__del__` runs on whichever thread drops the last reference, and its exceptions are ignored."""

import threading

import pytest

import owned

ERROR = "WrongThreadError"


class File:
    def __init__(self, close):
        self.close = close

    def __del__(self):
        self.close()


def drop_on_worker(close):
    worker = threading.Thread(target=File, args=(close,))  # nobody keeps what it returns
    worker.start()
    worker.join()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_racy():
    """The last reference is dropped on a worker, and the list of open files is the main thread's."""
    opened = owned.List(["a"])
    drop_on_worker(lambda: opened.remove("a"))


def test_right():
    """The list has a lock, and `__del__` takes it."""
    opened = owned.share(owned.List(["a"]), lock=owned.RLock())

    def close():
        with owned.locked(opened):
            opened.remove("a")

    drop_on_worker(close)
    with owned.locked(opened):
        assert not opened
