# SPDX-License-Identifier: MIT
"""logging: after two threads have captured warnings at once, capturing cannot be switched off any more.

`captureWarnings(True)` tests a global, and then saves `warnings.showwarning` in it and replaces that. The second
thread saves the first one's replacement as the original. `warnings.showwarning` is read slowly here, by a module whose
attribute waits.
"""

import logging
import sys
import threading
import types
import warnings

original = warnings.showwarning
both_read = threading.Barrier(2)
saved = threading.Event()


class Warnings(types.ModuleType):
    """In place of the module: the first read waits for a second thread that is there as well."""

    current = original

    @property
    def showwarning(self):
        if threading.current_thread().name == "late":
            both_read.wait()
            saved.wait()  # the other thread has saved and replaced it
        elif threading.current_thread().name == "early":
            both_read.wait()
        return Warnings.current

    @showwarning.setter
    def showwarning(self, value):
        Warnings.current = value


logging.warnings = Warnings("warnings")
early = threading.Thread(target=logging.captureWarnings, args=(True,), name="early")
late = threading.Thread(target=logging.captureWarnings, args=(True,), name="late")
early.start()
late.start()
early.join()
saved.set()
late.join()
logging.captureWarnings(False)
if Warnings.current is not original:
    sys.exit("captureWarnings(False) did not put the original function back: it is lost")
