# SPDX-License-Identifier: MIT
"""A lock is released by a thread that did not take it."""

import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """The worker believes that it holds the lock, as somebody does."""
    lock = owned.Lock()

    def clean_up():
        if lock.locked():
            lock.release()

    with lock:
        worker = threading.Thread(target=clean_up)
        worker.start()
        worker.join()


def test_right():
    """Who takes it releases it; to wake up somebody else there are events."""
    lock = owned.Lock()
    ready = threading.Event()
    worker = threading.Thread(target=ready.set)
    with lock:
        worker.start()
        assert ready.wait(10)
    worker.join()
    assert not lock.locked()
