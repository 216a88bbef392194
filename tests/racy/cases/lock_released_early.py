# SPDX-License-Identifier: MIT
"""The lock is released, and the object is still being used."""

import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """A slow part was taken out of the lock, and took an access with it."""
    lock = owned.Lock()
    jobs = owned.share(owned.List(["a", "b"]), lock=lock)

    def work():
        lock.acquire()
        job = jobs.pop()
        lock.release()
        job.upper()
        jobs.append(job)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()


def test_right():
    """The lock is taken again for it."""
    lock = owned.Lock()
    jobs = owned.share(owned.List(["a", "b"]), lock=lock)

    def work():
        with lock:
            job = jobs.pop()
        job.upper()
        with lock:
            jobs.append(job)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    with lock:
        assert jobs == ["a", "b"]
