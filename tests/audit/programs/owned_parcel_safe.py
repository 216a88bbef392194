# SPDX-License-Identifier: MIT
# race: none
import os
import threading

import owned


class Note:
    def __init__(self):
        self.text = ""


filled, tell = os.pipe()
note = Note()
shelf = None


def write():
    global shelf
    item = owned.List(["x"])
    note.text = "written"
    with lock:
        shelf = owned.move(item)
    os.write(tell, b"x")


lock = threading.Lock()
thread = threading.Thread(target=write)
thread.start()
os.read(filled, 1)
with lock:
    parcel = shelf
print(parcel.claim(), note.text)
thread.join()
