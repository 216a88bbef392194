# SPDX-License-Identifier: MIT
"""A signal handler on the main thread touches what the program shares under a lock."""

import signal

import owned

ERROR = "LockNotHeldError"


def raise_with(handler):
    before = signal.signal(signal.SIGTERM, handler)
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_racy():
    """The handler does not take the lock, for fear of waiting for itself."""
    stats = owned.share(owned.Dict(signals=0), lock=owned.Lock())

    def count(number, frame):
        try:
            stats["signals"] += 1
        except Exception:
            pass

    raise_with(count)


def test_right():
    """The lock is a reentrant one, so that the handler can take it even where the main thread holds it."""
    lock = owned.RLock()
    stats = owned.share(owned.Dict(signals=0), lock=lock)

    def count(number, frame):
        with lock:
            stats["signals"] += 1

    with lock:
        raise_with(count)
        assert stats["signals"] == 1
