# SPDX-License-Identifier: MIT
"""logging: a filter that rejects everything is not asked while another thread removes another filter.

`Filterer.filter()` iterates over the very list that `removeFilter()` shortens: what stands behind the removed one is
skipped, and a record that should be dropped is written. The first filter holds the window open here.
"""

import logging
import sys
import threading

asking, removed = threading.Event(), threading.Event()
written = []


class Sink(logging.Handler):
    """Keeps what comes through."""

    def emit(self, record):
        written.append(record)


def first(record):
    asking.set()
    removed.wait()
    return True


def reject(record):
    return False


logger = logging.Logger("shared")
logger.addHandler(Sink())
logger.addFilter(first)
logger.addFilter(reject)
thread = threading.Thread(target=logger.error, args=("secret",))
thread.start()
asking.wait()
logger.removeFilter(first)
removed.set()
thread.join()
if written:
    sys.exit("a record was written that a filter, which nobody touched, rejects")
