# SPDX-License-Identifier: MIT
"""A registry in a module's global: whoever imports the module first owns it, and every thread can reach it."""

import threading

import owned

ERROR = "WrongThreadError"

PLUGINS = owned.List()
SHARED_PLUGINS = owned.share(owned.List())


def register(name):
    PLUGINS.append(name)


def register_locked(name):
    with owned.locked(SHARED_PLUGINS):
        SHARED_PLUGINS.append(name)


def on_worker(function, *args):
    worker = threading.Thread(target=function, args=args)
    worker.start()
    worker.join()


def test_racy():
    """A worker registers itself with the registry of the importing thread."""
    on_worker(register, "csv")


def test_right():
    """The registry is shared where it is made."""
    on_worker(register_locked, "csv")
    with owned.locked(SHARED_PLUGINS):
        assert "csv" in SHARED_PLUGINS
