# SPDX-License-Identifier: MIT
"""A task of a pool touches what the submitter owns. Nobody asks its future."""

from concurrent.futures import ThreadPoolExecutor

import owned

ERROR = "WrongThreadError"


def test_racy():
    """The future holds the exception, and is dropped."""
    totals = owned.Dict(sum=0)

    def add(amount):
        totals["sum"] += amount

    with ThreadPoolExecutor(2) as pool:
        pool.submit(add, 5)


def test_right():
    """The totals are shared, and each task takes their lock."""
    totals = owned.share(owned.Dict(sum=0))

    def add(amount):
        with owned.locked(totals):
            totals["sum"] += amount

    with ThreadPoolExecutor(2) as pool:
        pool.submit(add, 5)
        pool.submit(add, 7)
    with owned.locked(totals):
        assert totals["sum"] == 12
