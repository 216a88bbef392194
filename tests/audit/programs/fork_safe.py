# SPDX-License-Identifier: MIT
# race: none
import os
import threading
import warnings

warnings.simplefilter("ignore")  # it tells that there are threads
steps = 0
may_end = threading.Event()


def work():
    global steps
    steps += 1
    may_end.wait()


steps = 1
thread = threading.Thread(target=work)
lock = threading.Lock()
with lock:
    child = os.fork()
    if child == 0:
        steps += 1
        os._exit(0)
os.waitpid(child, 0)
thread.start()
may_end.set()
thread.join()
print(steps)
