# SPDX-License-Identifier: MIT
# race: certain __main__.heartbeat
import os
import threading

heartbeat = 0
beaten, tell = os.pipe()


def beat():
    global heartbeat
    heartbeat += 1
    os.write(tell, b"x")


threading.Thread(target=beat, daemon=True).start()
os.read(beaten, 1)
print(heartbeat)
