# SPDX-License-Identifier: MIT
# race: none
import threading


class Job:
    made = 0
    lock = threading.Lock()

    def __init__(self):
        with Job.lock:
            Job.made += 1


def make():
    for _ in range(50):
        Job()


threads = [threading.Thread(target=make) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(Job.made)
