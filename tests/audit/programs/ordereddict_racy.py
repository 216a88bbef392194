# SPDX-License-Identifier: MIT
# race: certain OrderedDict
import collections
import threading

recent = collections.OrderedDict(a=1, b=2)


def use():
    recent.move_to_end("a")


def show():
    print(len(list(recent)))


threads = [threading.Thread(target=use), threading.Thread(target=show)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
