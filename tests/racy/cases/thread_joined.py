# SPDX-License-Identifier: MIT
"""A thread changes what another one made. It is joined, and the error that it died of is printed and forgotten."""

import threading

import owned

ERROR = "WrongThreadError"


@owned.owned
class Counter:
    def __init__(self):
        self.value = 0


def test_racy():
    """The counter belongs to the thread that made it."""
    counter = Counter()

    def count():
        counter.value += 1

    worker = threading.Thread(target=count)
    worker.start()
    worker.join()


def test_right():
    """The counter is shared, and whoever touches it holds its lock."""
    lock = owned.Lock()
    counter = owned.share(Counter(), lock=lock)

    def count():
        with lock:
            counter.value += 1

    worker = threading.Thread(target=count)
    worker.start()
    worker.join()
    with lock:
        assert counter.value == 1
