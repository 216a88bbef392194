# SPDX-License-Identifier: MIT
"""Check, then act: the check is outside of the lock."""

from concurrent.futures import ThreadPoolExecutor

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """Two threads can both find the last ticket."""
    tickets = owned.share(owned.List(["A1"]))

    def buy():
        if len(tickets) > 0:
            with owned.locked(tickets):
                return tickets.pop()
        return None

    with ThreadPoolExecutor(2) as pool:
        pool.submit(buy)
        pool.submit(buy)


def test_right():
    """Check and act are one step."""
    tickets = owned.share(owned.List(["A1"]))

    def buy():
        with owned.locked(tickets):
            return tickets.pop() if tickets else None

    with ThreadPoolExecutor(2) as pool:
        sold = [pool.submit(buy), pool.submit(buy)]
    assert sorted(future.result() is None for future in sold) == [False, True]
