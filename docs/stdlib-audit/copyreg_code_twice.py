# SPDX-License-Identifier: MIT
"""copyreg: two threads register two classes under one extension code, and neither gets the error.

`add_extension()` looks into two dictionaries first, and writes them then. Pickles of one of the classes then load as
the other one. A name that is hashed slowly holds the window open here.
"""

import copyreg
import sys
import threading

both_looked = threading.Barrier(2)


class Name(str):
    """It is hashed twice by the looking, and once more by the writing."""

    times = 0

    def __hash__(self):
        self.times += 1
        if self.times == 3:
            both_looked.wait(5)
        return str.__hash__(self)

    __eq__ = str.__eq__


errors = []


def register(name):
    try:
        copyreg.add_extension("module", Name(name), 77)
    except (ValueError, threading.BrokenBarrierError) as error:
        errors.append(error)


threads = [threading.Thread(target=register, args=(name,)) for name in ("One", "Other")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
codes = [name for (module, name), code in copyreg._extension_registry.items() if code == 77]
if len(codes) == 2 and not errors:
    sys.exit(f"code 77 stands for {' and '.join(map(str, codes))}, and nobody was told")
