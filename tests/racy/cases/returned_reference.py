# SPDX-License-Identifier: MIT
"""A getter takes the lock, and returns the very list that the lock is there for."""

import threading

import owned

ERROR = "LockNotHeldError"


class Inbox:
    def __init__(self):
        self.lock = owned.Lock()
        self.messages = owned.share(owned.List(["hello"]), lock=self.lock)

    def get(self):
        with self.lock:
            return self.messages

    def copy(self):
        with self.lock:
            return tuple(self.messages)


def test_racy():
    """The caller walks through the list after the lock was released."""
    inbox = Inbox()
    read = []

    def show():
        try:
            read.extend(inbox.get())
        except owned.OwnershipError:
            pass

    worker = threading.Thread(target=show)
    worker.start()
    worker.join()


def test_right():
    """The getter returns a copy that never changes."""
    inbox = Inbox()
    read = []
    worker = threading.Thread(target=lambda: read.extend(inbox.copy()))
    worker.start()
    worker.join()
    assert read == ["hello"]
