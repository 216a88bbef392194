# SPDX-License-Identifier: MIT
"""An exit function that a worker has registered runs on the main thread all the same."""

import atexit
import threading

import owned

ERROR = "OrphanedError"


def test_racy():
    """What it closes was the worker's, which has ended long ago."""

    def work():
        files = owned.List(["a"])
        atexit.register(files.clear)

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()


def test_right():
    """The worker gives it away, and the exit function claims it."""

    def work():
        parcel = owned.move(owned.List(["a"]))
        atexit.register(lambda: parcel.claim().clear())

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
