# SPDX-License-Identifier: MIT
"""A signal handler runs on the main thread, in the middle of whatever it does."""

import signal
import threading
from contextlib import contextmanager

import owned

ERROR = "WrongThreadError"


@contextmanager
def handling(handler):
    before = signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def test_racy():
    """The handler empties the queue of a worker that is at work."""
    queues = []
    made, enough = threading.Event(), threading.Event()

    def work():
        queues.append(owned.List(["job"]))
        made.set()
        enough.wait(10)

    def stop(number, frame):
        try:
            queues[0].clear()
        except Exception:
            pass

    worker = threading.Thread(target=work)
    worker.start()
    made.wait(10)
    with handling(stop):
        signal.raise_signal(signal.SIGTERM)
    enough.set()
    worker.join()


def test_right():
    """The handler sets an event, and the worker empties its own queue."""
    enough = threading.Event()
    left = []

    def work():
        jobs = owned.List(["job"])
        enough.wait(10)
        jobs.clear()
        left.append(len(jobs))

    worker = threading.Thread(target=work)
    worker.start()
    with handling(lambda number, frame: enough.set()):
        signal.raise_signal(signal.SIGTERM)
    worker.join()
    assert left == [0]
