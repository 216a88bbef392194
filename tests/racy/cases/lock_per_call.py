# SPDX-License-Identifier: MIT
"""A lock that is made anew in each call keeps nobody out."""

import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """Each thread holds a lock of its own."""
    log = owned.share(owned.List())

    def write(line):
        lock = owned.Lock()
        with lock:
            log.append(line)

    worker = threading.Thread(target=write, args=("a",))
    worker.start()
    worker.join()


def test_right():
    """There is one lock, and it comes with the object."""
    lock = owned.Lock()
    log = owned.share(owned.List(), lock=lock)

    def write(line):
        with lock:
            log.append(line)

    worker = threading.Thread(target=write, args=("a",))
    worker.start()
    worker.join()
    with lock:
        assert log == ["a"]
