# SPDX-License-Identifier: MIT
"""difflib: two tables get the same anchors, so that links of the one lead into the other.

`HtmlDiff._make_prefix()` numbers the anchors of each table by a count of the class, which it reads twice and then
increments, with no lock.
"""

import difflib
import sys
import threading

TABLES, THREADS = 20_000, 4
made = []


def make(barrier):
    differ = difflib.HtmlDiff()
    barrier.wait()
    for _ in range(TABLES):
        differ._make_prefix()  # what make_table() begins with
        made.append(tuple(differ._prefix))


barrier = threading.Barrier(THREADS)
threads = [threading.Thread(target=make, args=(barrier,)) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if len(set(made)) != len(made):
    sys.exit(f"{len(made) - len(set(made))} of {len(made)} tables have the anchors of another one")
