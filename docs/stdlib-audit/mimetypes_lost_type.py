# SPDX-License-Identifier: MIT
"""mimetypes: a type that one thread adds is lost when another one happens to initialise the module.

Each function calls `init()` if there is no database yet; `init()` makes one, reads files, and puts it in the place of
what is there by then. Whoever was faster, and has added a type meanwhile, has added it to the one that is thrown away.
A file that is read slowly holds the window open here.
"""

import mimetypes
import sys
import threading

reading, added = threading.Event(), threading.Event()


class Slow(mimetypes.MimeTypes):
    """Waits before it is put into place."""

    def read_windows_registry(self, strict=True):
        if threading.current_thread().name == "asks":
            reading.set()
            added.wait()


mimetypes.MimeTypes = Slow
asks = threading.Thread(target=mimetypes.guess_type, args=("a.txt",), name="asks")
asks.start()
reading.wait()
mimetypes.add_type("text/own", ".own")
before = mimetypes.guess_type("file.own")[0]
added.set()
asks.join()
after = mimetypes.guess_type("file.own")[0]
if after != before:
    sys.exit(f"the type that was added is lost: {before!r} before, {after!r} after another thread asked for a type")
