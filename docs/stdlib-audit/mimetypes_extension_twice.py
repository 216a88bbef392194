# SPDX-License-Identifier: MIT
"""mimetypes: two threads add the same extension, and it is there twice.

`MimeTypes.add_type()` asks whether the extension is in the list, and then appends it. A list that answers slowly holds
the window open here.
"""

import mimetypes
import sys
import threading

both_asked = threading.Barrier(2)


class Slow(list):
    """Waits for the other thread when it has found the answer."""

    def __contains__(self, item):
        found = super().__contains__(item)
        both_asked.wait()
        return found


mimetypes.init()
mimetypes._db.types_map_inv[True]["text/own"] = Slow()
threads = [threading.Thread(target=mimetypes.add_type, args=("text/own", ".own")) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
found = mimetypes.guess_all_extensions("text/own")
if found != [".own"]:
    sys.exit(f"the extensions are {found}")
