# SPDX-License-Identifier: MIT
"""logging: a handler gets no record while another thread removes another handler.

`Logger.callHandlers()` iterates over the very list that `removeHandler()` shortens: what stands behind the removed one
is skipped. The first handler's `emit()` holds the window open here.
"""

import logging
import sys
import threading

emitting, removed = threading.Event(), threading.Event()


class First(logging.Handler):
    """Waits until it has been removed."""

    def emit(self, record):
        emitting.set()
        removed.wait()


class Second(logging.Handler):
    """Should get every record."""

    got = 0

    def emit(self, record):
        self.got += 1


logger = logging.Logger("shared")
first, second = First(), Second()
logger.addHandler(first)
logger.addHandler(second)
thread = threading.Thread(target=logger.error, args=("text",))
thread.start()
emitting.wait()
logger.removeHandler(first)
removed.set()
thread.join()
if second.got != 1:
    sys.exit("the second handler, which nobody touched, did not get the record")
