# SPDX-License-Identifier: MIT
"""io: `tell()` of a buffered file answers a place where the file never was, in the version in Python, `_pyio`.

`BufferedReader.tell()` subtracts the length of the buffer from the place of the raw file and adds the place in the
buffer, three reads without the lock which `read()` holds while it changes all three. The raw file's `tell()` holds the
window open here. The version in C, which takes its place in CPython, is not concerned.
"""

import _pyio
import sys
import threading

telling, read = threading.Event(), threading.Event()


class Raw(_pyio.BytesIO):
    """Tells slowly once."""

    def tell(self):
        place = super().tell()
        if threading.current_thread().name == "tells":
            telling.set()
            read.wait()
        return place


places = []
file = _pyio.BufferedReader(Raw(bytes(50_000)), 8192)
file.read(10)
tells = threading.Thread(target=lambda: places.append(file.tell()), name="tells")
tells.start()
telling.wait()
file.read(8190)
read.set()
tells.join()
if places[0] not in (10, 8200):
    sys.exit(f"the file was at 10, and then at 8200, and tell() answered {places[0]}")
