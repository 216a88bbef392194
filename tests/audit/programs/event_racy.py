# SPDX-License-Identifier: MIT
# race: certain Plan.steps
import threading


class Plan:
    def __init__(self):
        self.steps = 0


plan = Plan()
is_ready = threading.Event()


def make():
    is_ready.set()
    plan.steps = 3


def follow():
    is_ready.wait()
    print(plan.steps in (0, 3))


threads = [threading.Thread(target=make), threading.Thread(target=follow)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
