# SPDX-License-Identifier: MIT
"""A daemon thread reads a configuration that the main thread might still change."""

import threading

import owned

ERROR = "WrongThreadError"


def test_racy():
    """The daemon swallows every error, so that it lives on."""
    config = owned.Dict(limit=3)
    seen = []

    def watch():
        try:
            seen.append(config["limit"])
        except Exception:
            seen.append(None)

    threading.Thread(target=watch, daemon=True).start()


def test_right():
    """What never changes is frozen, and everybody may read it."""
    config = owned.freeze(owned.Dict(limit=3))
    seen = []
    watch = threading.Thread(target=lambda: seen.append(config["limit"]), daemon=True)
    watch.start()
    watch.join()
    assert seen == [3]
