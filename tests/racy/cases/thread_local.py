# SPDX-License-Identifier: MIT
"""A `threading.local` is one for each thread; what is put into all of them is not."""

import threading

import owned

ERROR = "WrongThreadError"


class Session(threading.local):
    """Its __init__ runs once for each thread, with the same arguments."""

    def __init__(self, cache):
        self.cache = cache


class OwnSession(threading.local):
    def __init__(self):
        self.cache = owned.Dict()


def test_racy():
    """The dictionary was made once, and is the cache of every thread."""
    session = Session(owned.Dict())

    def work():
        session.cache["a"] = 1

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()


def test_right():
    """Each thread makes its cache itself."""
    session = OwnSession()
    sizes = []

    def work():
        session.cache["a"] = 1
        sizes.append(len(session.cache))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert sizes == [1]
    assert not session.cache
