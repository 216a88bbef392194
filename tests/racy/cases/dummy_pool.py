# SPDX-License-Identifier: MIT
"""`multiprocessing.dummy` has the interface of processes, which share nothing, and is made of threads, which do."""

from multiprocessing.dummy import Pool

import owned

ERROR = "WrongThreadError"


def test_racy():
    """A task that would have had a copy in a process changes the caller's own object. Nobody calls `get`."""
    cache = owned.Dict()
    with Pool(2) as pool:
        pool.map_async(lambda n: cache.update({n: n * n}), range(3)).wait(10)


def test_right():
    """Tasks return what they found."""
    with Pool(2) as pool:
        cache = owned.Dict(pool.map(lambda n: (n, n * n), range(3)))
    assert cache == {0: 0, 1: 1, 2: 4}
