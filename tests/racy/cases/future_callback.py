# SPDX-License-Identifier: MIT
"""The callback of a future runs on the thread that finished it, not on the one that added the callback."""

import threading
from concurrent.futures import ThreadPoolExecutor

import owned

ERROR = "WrongThreadError"


def test_racy():
    """The callback's exception is logged by the pool, and that is all."""
    finished = owned.List()
    go_on = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(go_on.wait, 10)
        future.add_done_callback(lambda future: finished.append(future.result()))
        go_on.set()


def test_right():
    """The callback takes the lock of what it touches."""
    finished = owned.share(owned.List())
    go_on = threading.Event()

    def note(future):
        with owned.locked(finished):
            finished.append(future.result())

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(go_on.wait, 10)
        future.add_done_callback(note)
        go_on.set()
    with owned.locked(finished):
        assert finished == [True]
