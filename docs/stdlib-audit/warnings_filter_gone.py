# SPDX-License-Identifier: MIT
"""warnings: a warning that is ignored is shown while another thread asks for it to be ignored once more.

`simplefilter()` and `filterwarnings()` take an equal filter out of the list and then put it at its head: in between
there is none. A list that inserts slowly holds the window open here.
"""

import sys
import threading
import warnings

inserting, warned = threading.Event(), threading.Event()
shown = []


class Slow(list):
    """Waits before it inserts, once it is asked to by the other thread."""

    def insert(self, index, item):
        if threading.current_thread().name == "filters":
            inserting.set()
            warned.wait(5)
        super().insert(index, item)


warnings.resetwarnings()
warnings.simplefilter("ignore", UserWarning)
warnings.showwarning = lambda message, *more: shown.append(message)
warnings.filters = Slow(warnings.filters)
thread = threading.Thread(target=warnings.simplefilter, args=("ignore", UserWarning), name="filters")
thread.start()
inserting.wait(5)
warnings.warn("text", UserWarning, stacklevel=1)
warned.set()
thread.join()
if shown:
    sys.exit("a warning was shown that is ignored before, during and after the other thread's call")
