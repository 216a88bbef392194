# SPDX-License-Identifier: MIT
# race: possible dict['state']
import os
import threading

is_set, tell = os.pipe()
job = {"state": "new"}
lock = threading.Lock()


def work():
    job["state"] = "done"
    with lock:
        os.write(tell, b"x")


thread = threading.Thread(target=work)
thread.start()
os.read(is_set, 1)
with lock:
    pass
print(job["state"])
thread.join()
