# SPDX-License-Identifier: MIT
"""An iterator is made under the lock, and used after it."""

import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """The iterator looks into the list at each step."""
    lock = owned.Lock()
    numbers = owned.share(owned.List([1, 2, 3]), lock=lock)
    sums = []

    def add_up():
        with lock:
            them = iter(numbers)
        sums.append(sum(them))

    worker = threading.Thread(target=add_up)
    worker.start()
    worker.join()


def test_right():
    """All steps are made under the lock."""
    lock = owned.Lock()
    numbers = owned.share(owned.List([1, 2, 3]), lock=lock)
    sums = []

    def add_up():
        with lock:
            sums.append(sum(numbers))

    worker = threading.Thread(target=add_up)
    worker.start()
    worker.join()
    assert sums == [6]
