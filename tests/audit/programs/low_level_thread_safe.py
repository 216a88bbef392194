# SPDX-License-Identifier: MIT
# race: none
import _thread

ticks = 0
ended = _thread.allocate_lock()
ended.acquire()


def tick():
    global ticks
    ticks += 1
    ended.release()


ticks += 1
_thread.start_new_thread(tick, ())
ended.acquire()
print(ticks)
