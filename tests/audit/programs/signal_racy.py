# SPDX-License-Identifier: MIT
# race: certain __main__.caught
import os
import signal
import threading

caught = 0


def catch(number, frame):
    global caught
    caught += 1


signal.signal(signal.SIGUSR1, catch)


def look():
    return caught


thread = threading.Thread(target=look)
thread.start()
os.kill(os.getpid(), signal.SIGUSR1)
thread.join()
