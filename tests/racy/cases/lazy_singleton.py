# SPDX-License-Identifier: MIT
"""A singleton is made by whoever asks first, and belongs to that thread."""

import threading

import owned

ERROR = "WrongThreadError"


@owned.owned
class Registry:
    def __init__(self):
        self.names = []

    def add(self, name):
        self.names.append(name)


def test_racy():
    """The main thread happens to ask first, and a worker gets the same object."""
    made = []

    def instance():
        if not made:
            made.append(Registry())
        return made[0]

    instance().add("main")
    worker = threading.Thread(target=lambda: instance().add("worker"))
    worker.start()
    worker.join()


def test_right():
    """It is shared before anybody can get at it."""
    registry = owned.share(Registry())

    def add(name):
        with owned.locked(registry):
            registry.add(name)

    add("main")
    worker = threading.Thread(target=add, args=("worker",))
    worker.start()
    worker.join()
    with owned.locked(registry):
        assert registry.names == ["main", "worker"]
