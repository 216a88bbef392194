# SPDX-License-Identifier: MIT
"""A task returns an object that it made, and the caller goes on with it."""

from concurrent.futures import ThreadPoolExecutor

import owned

ERROR = "WrongThreadError"


def test_racy():
    """The rows belong to the thread of the pool, which is still there."""
    with ThreadPoolExecutor(1) as pool:
        rows = pool.submit(lambda: owned.List([1, 2])).result()
        try:
            rows.append(3)
        except owned.OwnershipError:
            pass


def test_right():
    """The task gives the rows away, and the caller claims them."""
    with ThreadPoolExecutor(1) as pool:
        rows = pool.submit(lambda: owned.move(owned.List([1, 2]))).result().claim()
        rows.append(3)
    assert rows == [1, 2, 3]
