# SPDX-License-Identifier: MIT
"""Two workers get the same parcel."""

from concurrent.futures import ThreadPoolExecutor

import owned

ERROR = "MovedError"


def work(parcel):
    parcel.claim().append("done")


def test_racy():
    """One of them is first; the other one would have worked on the same job."""
    parcel = owned.move(owned.List(["job"]))
    with ThreadPoolExecutor(2) as pool:
        pool.submit(work, parcel)
        pool.submit(work, parcel)


def test_right():
    """Each of them gets a job of its own."""
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work, owned.move(owned.List([name]))) for name in ("first", "second")]:
            future.result()
