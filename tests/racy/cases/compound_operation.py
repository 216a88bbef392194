# SPDX-License-Identifier: MIT
"""`+=` is a read and a write; between them there is no lock."""

import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """The lock is held for the read, and the write comes after it."""
    lock = owned.Lock()
    hits = owned.share(owned.Dict(count=0), lock=lock)

    def count():
        with lock:
            before = hits["count"]
        hits["count"] = before + 1

    worker = threading.Thread(target=count)
    worker.start()
    worker.join()


def test_right():
    """The lock is held for all of it."""
    lock = owned.Lock()
    hits = owned.share(owned.Dict(count=0), lock=lock)

    def count():
        with lock:
            hits["count"] += 1

    worker = threading.Thread(target=count)
    worker.start()
    worker.join()
    with lock:
        assert hits["count"] == 1
