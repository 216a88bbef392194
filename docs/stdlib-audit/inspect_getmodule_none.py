# SPDX-License-Identifier: MIT
"""inspect: the module of an object is not found while another thread fills the cache of modules.

`getmodule()` notes for each module that it has been seen, and only then, under which file. Another thread that comes
in between skips the module as seen, and finds no entry for its file. A module whose name is read slowly holds the
window open here.
"""

import inspect
import sys
import threading
import types

naming, asked = threading.Event(), threading.Event()


class Slow(types.ModuleType):
    """Its name is read when the entry is written."""

    @property
    def __name__(self):
        naming.set()
        asked.wait()
        return "slow"


module = Slow("slow")
module.__file__ = __file__ + ".other.py"
sys.modules["slow"] = module
code = compile("1", module.__file__, "exec")
first = threading.Thread(target=inspect.getmodule, args=(code, module.__file__))
first.start()
naming.wait()
found = inspect.getmodule(code, module.__file__)
asked.set()
first.join()
later = inspect.getmodule(code, module.__file__)
if found is not later:
    sys.exit(f"the code's module was {found}, and is {later} a moment later")
