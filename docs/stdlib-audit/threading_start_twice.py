# SPDX-License-Identifier: MIT
"""threading: two threads start one `Thread` object, and both succeed, or threads fail that nobody has touched.

`Thread.start()` tests whether the thread was started, enters it into a dictionary of the module that is to hold it
until it runs, and starts it; the second caller is not refused, and the entry that both made is deleted once.
Whichever way it goes wrong, the exceptions and crashes come out in the bootstrap of threads: they are looked for in a
child.
"""

import subprocess
import sys

CHILD = """
import sys, threading
failed = []
threading.excepthook = lambda args: failed.append(args.exc_value)
for number in range(3000):
    thread = threading.Thread(target=int)
    barrier = threading.Barrier(2)
    refused = []

    def start():
        barrier.wait()
        try:
            thread.start()
        except RuntimeError as error:
            refused.append(error)

    both = [threading.Thread(target=start) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    thread.join()
    if len(refused) != 1 or failed:
        sys.exit(f"{len(refused)} of 2 were refused, {len(failed)} threads failed: {failed[:1]}")
"""
try:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=60)
except subprocess.TimeoutExpired:
    sys.exit("starting one thread twice: the process hangs")
if done.returncode or done.stderr:
    said = done.stderr.strip().splitlines()
    sys.exit(f"starting one thread twice: status {done.returncode}, {said[-1] if said else ''}")
