# SPDX-License-Identifier: MIT
"""The default of an argument is one object for all calls, on all threads."""

import threading

import owned

ERROR = "WrongThreadError"


def remember(item, seen=owned.List()):  # noqa: B008
    seen.append(item)
    return len(seen)


def remember_here(item, seen=None):
    seen = owned.List() if seen is None else seen
    seen.append(item)
    return len(seen)


def test_racy():
    """A worker gets the list that was made with the function."""
    worker = threading.Thread(target=remember, args=("a",))
    worker.start()
    worker.join()


def test_right():
    """Each call makes its own."""
    counts = []
    worker = threading.Thread(target=lambda: counts.append(remember_here("a")))
    worker.start()
    worker.join()
    assert counts == [1]
