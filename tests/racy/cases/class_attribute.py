# SPDX-License-Identifier: MIT
"""A container that is an attribute of a class is one for all instances on all threads."""

import threading

import owned

ERROR = "WrongThreadError"


class Request:
    pending = owned.List()

    def __init__(self):
        self.pending.append(self)


class SharedRequest:
    pending = owned.share(owned.List())

    def __init__(self, number):
        with owned.locked(self.pending):
            self.pending.append(number)


def test_racy():
    """A request that is made on a worker puts itself into the list of the importing thread."""
    worker = threading.Thread(target=Request)
    worker.start()
    worker.join()


def test_right():
    """The list of the class is shared."""
    worker = threading.Thread(target=SharedRequest, args=(1,))
    worker.start()
    worker.join()
    with owned.locked(SharedRequest.pending):
        assert 1 in SharedRequest.pending
