# SPDX-License-Identifier: MIT
# race: none
import threading


class Plan:
    def __init__(self):
        self.steps = 0


plan = Plan()
is_ready = threading.Event()


def make():
    plan.steps = 3
    is_ready.set()


def follow():
    is_ready.wait()
    print(plan.steps)


threads = [threading.Thread(target=make), threading.Thread(target=follow)]
for thread in threads:
    thread.start()
while not is_ready.is_set():
    pass
print(plan.steps)
for thread in threads:
    thread.join()
