# SPDX-License-Identifier: MIT
"""watchdog 7.1.0: a process that is started after `AutoRestartTrick.stop()` has come back is left running.

The restart is held between its look at `_is_trick_stopping` and the start of the process. Exit status 1 if it is left.
"""

import subprocess
import sys
import threading
import time

from watchdog import tricks

is_starting, go_on = threading.Event(), threading.Event()
started = []
PROGRAM = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_DFL); print(flush=True); time.sleep(60)"


class Popen(subprocess.Popen):
    """A process that is started when it may; it is there once this returns."""

    def __init__(self, *args, **kwargs):
        if started:
            is_starting.set()
            go_on.wait()
        super().__init__(*args, stdout=subprocess.PIPE, **kwargs)
        self.stdout.readline()
        started.append(self)


tricks.subprocess.Popen = Popen
trick = tricks.AutoRestartTrick([sys.executable, "-c", PROGRAM], restart_on_command_exit=False)
trick.start()
restart = threading.Thread(target=trick.on_any_event, args=(tricks.FileSystemEvent(""),))
restart.start()
is_starting.wait()
stop = threading.Thread(target=trick.stop)
stop.start()
stop.join(1)  # with the patch it waits for the restart, which has to go on
go_on.set()
restart.join()
stop.join()
time.sleep(0.2)
left = [process for process in started if process.poll() is None]
for process in left:
    process.kill()
print(f"{len(left)} of {len(started)} processes left running after stop()")
sys.exit(bool(left))
