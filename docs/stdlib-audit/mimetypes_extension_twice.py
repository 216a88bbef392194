# SPDX-License-Identifier: MIT
"""mimetypes: two threads add the same extension, and it is there twice.

`MimeTypes.add_type()` asks whether the extension is in the list, and then appends it. A string that is compared slowly
holds the window open here.
"""

import mimetypes
import sys
import threading

both_asked = threading.Barrier(2)


class Extension(str):
    """Waits for the other thread when it has been compared."""

    __hash__ = str.__hash__

    def __eq__(self, other):
        equal = str.__eq__(self, other)
        if not equal:
            both_asked.wait(5)
        return equal


mimetypes.init()
mimetypes.add_type("text/own", ".first")
threads = [threading.Thread(target=mimetypes.add_type, args=("text/own", Extension(".own"))) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
found = list(map(str, mimetypes.guess_all_extensions("text/own")))
if found.count(".own") != 1:
    sys.exit(f"the extensions are {found}")
