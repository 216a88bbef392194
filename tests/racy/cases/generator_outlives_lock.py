# SPDX-License-Identifier: MIT
"""A generator is made under the lock, and its body runs later."""

import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """Making a generator runs none of it."""
    prices = owned.share(owned.Dict(tea=3, milk=1))
    totals = []

    def total():
        with owned.locked(prices):
            each = (prices[name] for name in ("tea", "milk"))
        totals.append(sum(each))

    worker = threading.Thread(target=total)
    worker.start()
    worker.join()


def test_right():
    """What is needed is made under the lock: a list, not a promise."""
    prices = owned.share(owned.Dict(tea=3, milk=1))
    totals = []

    def total():
        with owned.locked(prices):
            each = [prices[name] for name in ("tea", "milk")]
        totals.append(sum(each))

    worker = threading.Thread(target=total)
    worker.start()
    worker.join()
    assert totals == [4]
