# SPDX-License-Identifier: MIT
"""logging: `shutdown()` raises AttributeError while another thread makes a handler.

A handler is entered into the module's list by the first lines of `Handler.__init__()`, before it has its lock and its
stream; `shutdown()` flushes and closes what is in the list. A handler that makes its lock slowly holds the window open.
"""

import logging
import sys
import threading

making, shut = threading.Event(), threading.Event()
errors = []


class Slow(logging.StreamHandler):
    """Waits when it is in the list, and has its lock."""

    def createLock(self):
        super().createLock()
        making.set()
        shut.wait(10)


thread = threading.Thread(target=Slow)
thread.start()
making.wait()
try:
    logging.shutdown()
except AttributeError as error:
    errors.append(error)
shut.set()
thread.join()
if errors:
    sys.exit(f"shutdown() raised {errors[0]!r}")
