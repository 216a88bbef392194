# SPDX-License-Identifier: MIT
# race: possible __main__.latest
import os
import threading

go, went = os.pipe()
latest = None
lock = threading.RLock()


def write():
    global latest
    latest = "news"
    with lock:
        os.write(went, b"x")


def read():
    os.read(go, 1)
    with lock:
        pass
    print(latest)


threads = [threading.Thread(target=write), threading.Thread(target=read)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
