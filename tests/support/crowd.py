# SPDX-License-Identifier: MIT
"""Many threads at once: started together, all finished, all their errors told."""

from __future__ import annotations

import threading
from collections.abc import Callable


def crowd(count: int, work: Callable[[int], None], *, timeout: float = 60) -> None:
    """Run ``work(i)`` on ``count`` threads that start together behind a barrier.

    Raises:
        ExceptionGroup: with what the threads raised.
        AssertionError: a thread did not finish within ``timeout`` seconds.
    """
    barrier = threading.Barrier(count)
    errors: list[Exception] = []

    def run(number: int) -> None:
        try:
            barrier.wait(timeout)
            work(number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,), name=f"crowd-{i}", daemon=True) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout)
    assert not any(thread.is_alive() for thread in threads), "a thread hangs"
    if errors:
        raise ExceptionGroup("in the crowd", errors)
