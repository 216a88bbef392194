# SPDX-License-Identifier: MIT
"""A method that was fetched where it was allowed, and is called where it is not."""

import threading
from collections import deque

import owned

ERROR = "WrongThreadError"


def test_racy():
    """`append` is a method of this thread's queue, whoever calls it."""
    append = owned.own(deque()).append
    worker = threading.Thread(target=append, args=("job",))
    worker.start()
    worker.join()


def test_right():
    """The worker makes a queue, fills it, and gives it away."""
    parcels = []

    def work():
        jobs = owned.own(deque())
        append = jobs.append
        append("job")
        parcels.append(owned.move(jobs))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert list(parcels[0].claim()) == ["job"]
