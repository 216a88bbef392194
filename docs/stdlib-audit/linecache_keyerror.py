# SPDX-License-Identifier: MIT
"""linecache: a file's lines are asked for while another thread clears the cache, and a KeyError comes out.

`getlines()` asks ``if filename in cache`` and then reads ``cache[filename]``. Every traceback that is formatted does
so.
"""

import linecache
import sys
import threading

ROUNDS = 200_000
errors = []
done = threading.Event()


def clear():
    while not done.is_set():
        linecache.clearcache()


def ask():
    try:
        for _ in range(ROUNDS):
            linecache.getline(linecache.__file__, 1)
            if errors:
                break
    except KeyError as error:
        errors.append(error)
    finally:
        done.set()


threads = [threading.Thread(target=clear), threading.Thread(target=ask), threading.Thread(target=ask)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if errors:
    sys.exit(f"getline() raised {errors[0]!r}")
