# SPDX-License-Identifier: MIT
# race: none
import threading

failures = []
last = None


def remember(args):
    global last
    last = args.exc_type.__name__
    failures.append(last)


def fail():
    raise ValueError("on purpose")


threading.excepthook = remember
thread = threading.Thread(target=fail)
thread.start()
thread.join()
print(last, len(failures))
