# SPDX-License-Identifier: MIT
# race: certain __main__.ticks
import _thread
import os

ticks = 0
ended, tell = os.pipe()


def tick():
    global ticks
    ticks += 1
    os.write(tell, b"x")


for _ in range(2):
    _thread.start_new_thread(tick, ())
for _ in range(2):
    os.read(ended, 1)
