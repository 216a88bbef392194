# SPDX-License-Identifier: MIT
"""watchdog 7.1.0 on Linux: an event is queued after `InotifyEmitter.stop()` has come back.

The emitter is held between its look at `_inotify`, under its lock, and the queue. Exit status 1 if the event is queued.
"""

import pathlib
import sys
import tempfile
import threading

from watchdog.observers.api import EventQueue, ObservedWatch
from watchdog.observers.inotify import InotifyEmitter

has_looked, go_on = threading.Event(), threading.Event()


class Emitter(InotifyEmitter):
    """One that queues an event when it may."""

    def build_and_queue_event(self, event, **options):
        """Wait, and then as ever."""
        has_looked.set()
        go_on.wait()
        super().build_and_queue_event(event, **options)


with tempfile.TemporaryDirectory() as folder:
    queue = EventQueue()
    emitter = Emitter(queue, ObservedWatch(folder, recursive=False))
    emitter.start()
    (pathlib.Path(folder) / "new").touch()
    has_looked.wait()
    stop = threading.Thread(target=emitter.stop)
    stop.start()
    stop.join(1)  # with the patch it waits for the event, which has to be let go
    is_late = not stop.is_alive()
    before = queue.qsize()
    go_on.set()
    stop.join()
    emitter.join()
    queued = queue.qsize() - before if is_late else 0
print(f"{queued} events queued after stop()")
sys.exit(bool(queued))
