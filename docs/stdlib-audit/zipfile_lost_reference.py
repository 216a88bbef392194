# SPDX-License-Identifier: MIT
"""zipfile: the archive's file stays open for ever, or is closed under its readers, after threads have read members.

`ZipFile.open()` and the closing of a member count how many use the file, with no lock: `+= 1` and `-= 1` lose counts.
Reading of several members by several threads is what the archive's lock is for.
"""

import io
import sys
import threading
import zipfile

OPENINGS, THREADS, ROUNDS = 3_000, 4, 20
errors = []
file = io.BytesIO()
with zipfile.ZipFile(file, "w") as archive:
    archive.writestr("member", "text")


def read(archive, barrier):
    barrier.wait()
    try:
        for _ in range(OPENINGS):
            archive.open("member").close()
    except (AssertionError, ValueError, AttributeError) as error:
        errors.append(error)


for _ in range(ROUNDS):
    archive = zipfile.ZipFile(file)
    barrier = threading.Barrier(THREADS)
    threads = [threading.Thread(target=read, args=(archive, barrier)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors or archive._fileRefCnt != 1:
        sys.exit(f"{archive._fileRefCnt} users of the file are counted where there is one, {errors}")
