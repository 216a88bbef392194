# SPDX-License-Identifier: MIT
# race: certain Job.made
import threading


class Job:
    made = 0

    def __init__(self):
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
