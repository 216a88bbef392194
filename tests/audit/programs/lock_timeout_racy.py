# SPDX-License-Identifier: MIT
# race: certain Meter.value
import threading


class Meter:
    def __init__(self):
        self.value = 0


meter = Meter()
lock = threading.Lock()
is_held, is_tried = threading.Event(), threading.Event()


def hold():
    with lock:
        is_held.set()
        is_tried.wait()
        meter.value += 1


def give_up():
    is_held.wait()
    is_got = lock.acquire(timeout=0.001)
    is_tried.set()
    if not is_got:
        meter.value += 1


threads = [threading.Thread(target=hold), threading.Thread(target=give_up)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
