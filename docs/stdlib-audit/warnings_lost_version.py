# SPDX-License-Identifier: MIT
"""warnings: changes of the filters are not counted, in the version in Python.

What has been shown is forgotten when the version of the filters has changed, a global that is incremented without a
lock. A lost increment gives two states of the filters one version. The version in C, which takes its place in CPython,
is not concerned.
"""

import sys
import threading

sys.modules["_warnings"] = None
sys.modules.pop("warnings", None)
sys.modules.pop("_py_warnings", None)
import warnings

CALLS, THREADS, ROUNDS = 50_000, 4, 100  # whoever has only one free processor needs several rounds


def change(barrier):
    barrier.wait()
    for _ in range(CALLS):
        warnings._filters_mutated()


for _ in range(ROUNDS):
    before = warnings._filters_version
    barrier = threading.Barrier(THREADS)
    threads = [threading.Thread(target=change, args=(barrier,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost = CALLS * THREADS - (warnings._filters_version - before)
    if lost:
        sys.exit(f"{lost} of {CALLS * THREADS} changes were not counted")
