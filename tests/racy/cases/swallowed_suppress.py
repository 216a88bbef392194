# SPDX-License-Identifier: MIT
"""`contextlib.suppress` around more than it was meant for."""

import contextlib
import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """A name that is not there was to be ignored; ignored is that nobody holds the lock."""
    names = owned.share(owned.Set({"ada"}))

    def forget():
        with contextlib.suppress(KeyError, RuntimeError):
            names.remove("ada")

    worker = threading.Thread(target=forget)
    worker.start()
    worker.join()


def test_right():
    """The lock is taken, and what is ignored has a name."""
    names = owned.share(owned.Set({"ada"}))

    def forget():
        with contextlib.suppress(KeyError), owned.locked(names):
            names.remove("ada")

    for _ in range(2):
        worker = threading.Thread(target=forget)
        worker.start()
        worker.join()
    with owned.locked(names):
        assert not names
