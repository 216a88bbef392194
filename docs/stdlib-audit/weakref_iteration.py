# SPDX-License-Identifier: MIT
"""weakref: threads that do nothing but iterate over a `WeakKeyDictionary` fail when its keys die.

While somebody iterates, what dies is noted, and removed when the last iteration ends. A thread that is removing does
not keep another one from beginning to iterate, or from removing, too.
"""

import sys
import threading
import weakref

ROUNDS, KEYS = 3_000, 300
errors = []


class Key:
    """Can be weakly referenced."""


def iterate(table, barrier):
    barrier.wait()
    try:
        for _ in range(20):
            for _ in table:
                pass
    except (RuntimeError, IndexError, KeyError) as error:
        errors.append(error)


for _ in range(ROUNDS):
    keys = [Key() for _ in range(KEYS)]
    table = weakref.WeakKeyDictionary({key: 1 for key in keys})
    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=iterate, args=(table, barrier)) for _ in range(3)]
    for thread in threads:
        thread.start()
    barrier.wait()
    while keys:
        keys.pop()
    for thread in threads:
        thread.join()
    if errors:
        sys.exit(f"iterating raised {errors[0]!r}")
