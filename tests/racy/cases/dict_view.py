# SPDX-License-Identifier: MIT
"""`items()` is a view: it looks into the dict whenever it is looked at."""

import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """The view is taken under the lock, and walked through later."""
    stock = owned.share(owned.Dict(tea=3))
    lines = []

    def report():
        with owned.locked(stock):
            items = stock.items()
        for name, amount in items:
            lines.append(f"{name}: {amount}")

    worker = threading.Thread(target=report)
    worker.start()
    worker.join()


def test_right():
    """The report is made of a copy."""
    stock = owned.share(owned.Dict(tea=3))
    lines = []

    def report():
        with owned.locked(stock):
            items = tuple(stock.items())
        for name, amount in items:
            lines.append(f"{name}: {amount}")

    worker = threading.Thread(target=report)
    worker.start()
    worker.join()
    assert lines == ["tea: 3"]
