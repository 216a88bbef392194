# SPDX-License-Identifier: MIT
"""mailbox: two threads that add a message to one Maildir in the same moment get one name for both.

`Maildir._create_tmp()` makes the name of the time, to the microsecond, and of a count of the class, which it
increments after use, with no lock. The clock stands still here, as a coarse one does.
"""

import mailbox
import sys
import tempfile
import threading
import time

ROUNDS = 20_000
errors = []
time.time = lambda: 1_700_000_000.0


def add(box, barrier):
    barrier.wait()
    try:
        for _ in range(ROUNDS):
            box._create_tmp().close()
    except mailbox.ExternalClashError as error:
        errors.append(error)


with tempfile.TemporaryDirectory() as folder:
    mailbox.Maildir(f"{folder}/box")  # makes the folders
    barrier = threading.Barrier(4)
    boxes = [mailbox.Maildir(f"{folder}/box") for _ in range(4)]
    threads = [threading.Thread(target=add, args=(box, barrier)) for box in boxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
if errors:
    sys.exit(f"a message was not added: {type(errors[0]).__name__}: Name clash prevented file creation")
