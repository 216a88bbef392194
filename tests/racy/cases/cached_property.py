# SPDX-License-Identifier: MIT
"""A `cached_property` writes when it is read for the first time."""

import functools
import threading

import owned

ERROR = "LockNotHeldError"


@owned.owned
class Page:
    def __init__(self, text):
        self.text = text

    @functools.cached_property
    def words(self):
        return len(self.text.split())


def test_racy():
    """It looks like reading, so nobody takes the lock."""
    page = owned.share(Page("to be or not"))
    worker = threading.Thread(target=lambda: page.words)
    worker.start()
    worker.join()


def test_right():
    """It is read like any other attribute: under the lock."""
    page = owned.share(Page("to be or not"))
    counts = []

    def count():
        with owned.locked(page):
            counts.append(page.words)

    worker = threading.Thread(target=count)
    worker.start()
    worker.join()
    assert counts == [4]
