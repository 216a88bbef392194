# SPDX-License-Identifier: MIT
"""An exit function runs on the main thread, when the tests are over and the program's threads are not."""

import atexit
import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """The log is flushed at the end, without its lock."""
    log = owned.share(owned.List(["line"]))

    def flush():
        try:
            log.clear()
        except Exception:
            pass

    atexit.register(flush)


def test_right():
    """The exit function takes the lock like everybody else."""
    log = owned.share(owned.List(["line"]))

    def flush():
        with owned.locked(log):
            log.clear()

    worker = threading.Thread(target=atexit.register, args=(flush,))
    worker.start()
    worker.join()
