# SPDX-License-Identifier: MIT
"""Logging formats its arguments, and swallows what goes wrong in that."""

import io
import logging
import threading

import owned

ERROR = "LockNotHeldError"


class Basket:
    def __init__(self):
        self.items = owned.share(owned.List(["tea"]))

    def __str__(self):
        return f"basket of {len(self.items)}"


class LockedBasket(Basket):
    def __str__(self):
        with owned.locked(self.items):
            return super().__str__()


def log_on_worker(basket):
    """Log the basket on a thread of its own; returns what was logged."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.handleError = lambda record: None  # as it is in production, with logging.raiseExceptions = False
    logger = logging.Logger("shop")
    logger.addHandler(handler)
    worker = threading.Thread(target=logger.warning, args=("sold %s", basket))
    worker.start()
    worker.join()
    return stream.getvalue()


def test_racy():
    """`__str__` looks at the items without their lock; the line is missing in the log, that is all."""
    log_on_worker(Basket())


def test_right():
    """`__str__` takes the lock."""
    assert log_on_worker(LockedBasket()) == "sold basket of 1\n"
