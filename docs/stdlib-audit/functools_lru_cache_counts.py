# SPDX-License-Identifier: MIT
"""functools: `lru_cache(None)` in Python loses counts of hits and misses.

It guards the bounded cache by a lock, but not the unbounded one, whose counters it increments in two steps. The
version in C, which takes its place in CPython, is not concerned.
"""

import sys
import threading

sys.modules["_functools"] = None
sys.modules.pop("functools", None)
import functools

CALLS, THREADS = 100_000, 4


@functools.lru_cache(None)
def cached(x):
    return x


def call(barrier):
    barrier.wait()
    for _ in range(CALLS):
        cached(1)


cached(1)
barrier = threading.Barrier(THREADS)
threads = [threading.Thread(target=call, args=(barrier,)) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
info = cached.cache_info()
if info.hits != CALLS * THREADS:
    sys.exit(f"{CALLS * THREADS - info.hits} of {CALLS * THREADS} hits were not counted")
