# SPDX-License-Identifier: MIT
"""Look without the lock, and take it only if need be: the first look is the race."""

import threading

import owned

ERROR = "LockNotHeldError"


@owned.owned
class Lazy:
    def __init__(self):
        self.value = None


def compute():
    return 42


def get_racy(lazy, lock):
    if lazy.value is None:
        with lock:
            if lazy.value is None:
                lazy.value = compute()
    return lazy.value


def get_right(lazy, lock):
    with lock:
        if lazy.value is None:
            lazy.value = compute()
        return lazy.value


def ask_twice(get):
    lock = owned.Lock()
    lazy = owned.share(Lazy(), lock=lock)
    got = []
    for _ in range(2):
        worker = threading.Thread(target=lambda: got.append(get(lazy, lock)))
        worker.start()
        worker.join()
    return got


def test_racy():
    """The value is looked at before the lock is taken."""
    ask_twice(get_racy)


def test_right():
    """A lock that nobody waits for costs nanoseconds."""
    assert ask_twice(get_right) == [42, 42]
