# SPDX-License-Identifier: MIT
"""A function takes its variables along to the thread it runs on."""

import threading

import owned

ERROR = "WrongThreadError"


def test_racy():
    """Both threads count with one counter, through a variable that nobody passed."""
    counts = owned.Dict(lines=0)

    def count():
        counts["lines"] += 1

    count()
    worker = threading.Thread(target=count)
    worker.start()
    worker.join()


def test_right():
    """Each thread counts for itself, and one adds up."""

    def count():
        counts = owned.Dict(lines=0)
        counts["lines"] += 1
        return counts["lines"]

    results = [count()]
    worker = threading.Thread(target=lambda: results.append(count()))
    worker.start()
    worker.join()
    assert sum(results) == 2
