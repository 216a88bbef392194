# SPDX-License-Identifier: MIT
# race: possible list
import os
import threading

ready, tell = os.pipe()
lines = []
lock = threading.Lock()


def write():
    lines.append("a")
    with lock:
        os.write(tell, b"x")


thread = threading.Thread(target=write)
thread.start()
os.read(ready, 1)
with lock:
    pass
for line in lines:
    print(line)
thread.join()
