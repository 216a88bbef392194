# SPDX-License-Identifier: MIT
"""A thread that nobody joins touches what it was given, after the test's last line."""

import threading

import owned

ERROR = "WrongThreadError"


def test_racy():
    """The list is still this thread's when the worker comes to it."""
    jobs = owned.List(["a", "b"])
    begin = threading.Event()

    def work():
        begin.wait(10)
        jobs.clear()

    threading.Thread(target=work).start()
    begin.set()


def test_right():
    """The list is handed over: it is the worker's from `claim` on."""
    parcel = owned.move(owned.List(["a", "b"]))
    begin = threading.Event()

    def work():
        begin.wait(10)
        parcel.claim().clear()

    threading.Thread(target=work).start()
    begin.set()
