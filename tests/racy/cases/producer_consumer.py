# SPDX-License-Identifier: MIT
"""A buffer between a producer and a consumer, with a condition: one access is outside of it."""

import threading

import owned

ERROR = "LockNotHeldError"


def consume(ready, buffer, got):
    with ready:
        ready.wait_for(lambda: buffer, timeout=10)
        got.append(buffer.pop())


def test_racy():
    """The producer looks whether the buffer is full before it takes the lock."""
    ready = threading.Condition(owned.Lock())
    buffer = owned.share(owned.List(), lock=ready)
    got = []
    consumer = threading.Thread(target=consume, args=(ready, buffer, got))
    consumer.start()
    try:
        full = len(buffer) >= 3
    except RuntimeError:
        full = False
    with ready:
        if not full:
            buffer.append("job")
        ready.notify()
    consumer.join()


def test_right():
    """It looks when it has the lock."""
    ready = threading.Condition(owned.Lock())
    buffer = owned.share(owned.List(), lock=ready)
    got = []
    consumer = threading.Thread(target=consume, args=(ready, buffer, got))
    consumer.start()
    with ready:
        if len(buffer) < 3:
            buffer.append("job")
        ready.notify()
    consumer.join()
    assert got == ["job"]
