# SPDX-License-Identifier: MIT
"""base64: the first `b85decode()` of a process rejects good data while another thread calls it for the first time, too.

The table of characters is made at the first call, and is the module's global already while it is being filled. An
alphabet that is gone through slowly holds the window open here.
"""

import base64
import sys
import threading

GOOD = base64.b85encode(b"good data")
filling, decoded = threading.Event(), threading.Event()
errors = []


class Slow:
    """The alphabet, with a pause in it."""

    alphabet = base64._b85alphabet

    def __iter__(self):
        yield from self.alphabet[:5]
        filling.set()
        decoded.wait()
        yield from self.alphabet[5:]


base64._b85alphabet = Slow()
first = threading.Thread(target=base64.b85decode, args=(GOOD,))
first.start()
filling.wait()
threading.Timer(1, decoded.set).start()  # a version that waits for the table may do so
try:
    base64.b85decode(GOOD)
except (TypeError, ValueError) as error:
    errors.append(error)
decoded.set()
first.join()
if errors:
    sys.exit(f"b85decode() of good data raised {errors[0]!r}")
