# SPDX-License-Identifier: MIT
"""uuid: two threads get the same `uuid1()`.

The version in Python, which is used where a node or a clock sequence is given, makes sure that no timestamp is used
twice by a global that it compares with and then replaces, without a lock.
"""

import sys
import threading
import uuid

CALLS, THREADS, ROUNDS = 20_000, 4, 30


def make(found, barrier):
    barrier.wait()
    for _ in range(CALLS):
        found.append(uuid.uuid1(node=1, clock_seq=1))


for _ in range(ROUNDS):
    barrier = threading.Barrier(THREADS)
    found = [[] for _ in range(THREADS)]
    threads = [threading.Thread(target=make, args=(one, barrier)) for one in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [one for several in found for one in several]
    if len(set(made)) != len(made):
        sys.exit(f"{len(made) - len(set(made))} of {len(made)} identifiers were given to two threads")
