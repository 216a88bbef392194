# SPDX-License-Identifier: MIT
"""`map` of a pool whose results nobody looks at: what its tasks raise is lost."""

from concurrent.futures import ThreadPoolExecutor

import owned

ERROR = "WrongThreadError"


def test_racy():
    """The tasks append to a list of the main thread."""
    found = owned.List()
    with ThreadPoolExecutor(2) as pool:
        pool.map(found.append, range(3))


def test_right():
    """Each task returns its result, and one thread puts them together."""
    found = owned.List()
    with ThreadPoolExecutor(2) as pool:
        found.extend(pool.map(abs, [-1, -2, -3]))
    assert found == [1, 2, 3]
