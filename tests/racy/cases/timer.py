# SPDX-License-Identifier: MIT
"""`threading.Timer` calls its function on a thread of its own."""

import threading

import owned

ERROR = "WrongThreadError"


def test_racy():
    """The cache is emptied under the feet of the thread that uses it."""
    cache = owned.Dict(answer=42)
    timer = threading.Timer(0, cache.clear)
    timer.start()
    timer.join()


def test_right():
    """The cache has a lock."""
    cache = owned.share(owned.Dict(answer=42))

    def clear():
        with owned.locked(cache):
            cache.clear()

    timer = threading.Timer(0, clear)
    timer.start()
    timer.join()
    with owned.locked(cache):
        assert not cache
