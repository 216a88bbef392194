# SPDX-License-Identifier: MIT
# race: possible dict['a']
import os
import threading

table = {"a": 1}
lock = threading.RLock()
written, tell = os.pipe()


def write():
    table["a"] = 2
    with lock, lock:
        pass
    os.write(tell, b"x")


thread = threading.Thread(target=write)
thread.start()
os.read(written, 1)
with lock:
    print(table["a"])
thread.join()
