# SPDX-License-Identifier: MIT
"""A loop that tries again whatever went wrong, and gives up in silence."""

import threading

import owned

ERROR = "WrongThreadError"


def retry(action, times=3):
    for _ in range(times):
        try:
            return action()
        except Exception:
            continue
    return None


def test_racy():
    """Three times the worker may not touch the list."""
    queue = owned.List(["job"])
    worker = threading.Thread(target=retry, args=(queue.pop,))
    worker.start()
    worker.join()


def test_right():
    """The list was handed over, and the first time does it."""
    parcel = owned.move(owned.List(["job"]))
    done = []

    def work():
        queue = parcel.claim()
        done.append(retry(queue.pop))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert done == ["job"]
