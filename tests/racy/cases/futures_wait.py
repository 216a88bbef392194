# SPDX-License-Identifier: MIT
"""`concurrent.futures.wait` waits for tasks, and does not raise what they raised."""

from concurrent.futures import ThreadPoolExecutor, wait

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """All futures are done, and all have failed."""
    lock = owned.Lock()
    visited = owned.share(owned.Set(), lock=lock)
    with ThreadPoolExecutor(2) as pool:
        done, _ = wait([pool.submit(visited.add, page) for page in ("a", "b")], timeout=10)
    assert len(done) == 2


def test_right():
    """Each task holds the lock."""
    lock = owned.Lock()
    visited = owned.share(owned.Set(), lock=lock)

    def visit(page):
        with lock:
            visited.add(page)

    with ThreadPoolExecutor(2) as pool:
        wait([pool.submit(visit, page) for page in ("a", "b")], timeout=10)
    with lock:
        assert visited == {"a", "b"}
