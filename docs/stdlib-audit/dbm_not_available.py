# SPDX-License-Identifier: MIT
"""dbm: a database cannot be opened while another thread opens the first one of the process.

`dbm.open()` imports all modules that there are when there is no default module yet, and sets the default as soon as
the first one is imported: another thread that comes in takes those which are not imported yet to be unavailable. An
import that is slow holds the window open here.
"""

import dbm
import dbm.dumb
import importlib.abc
import sys
import tempfile
import threading

importing, opened = threading.Event(), threading.Event()
errors = []


class Slow(importlib.abc.MetaPathFinder):
    """Waits where the second of the modules is imported."""

    def find_spec(self, name, path, target=None):
        if name == dbm._names[-2]:
            importing.set()
            opened.wait()


del sys.modules["dbm.dumb"]
sys.modules.pop(dbm._names[-2], None)
sys.meta_path.insert(0, Slow())
with tempfile.TemporaryDirectory() as folder:
    path = f"{folder}/base"
    with open(f"{path}.dat", "w"), open(f"{path}.dir", "w"):
        pass  # an empty database of dbm.dumb
    first = threading.Thread(target=dbm.open, args=(f"{folder}/other", "n"))
    first.start()
    importing.wait()
    try:
        dbm.open(path).close()
    except dbm.error as error:
        errors.append(error)
    opened.set()
    first.join()
    dbm.open(path).close()
if dbm._defaultmod is not None and errors:
    sys.exit(f"open() raised {errors[0]!r}, and did not a moment later")
