# SPDX-License-Identifier: MIT
# race: none
import collections
import threading


class Job:
    def __init__(self):
        self.state = "new"


jobs = collections.deque()


def produce():
    for _ in range(10):
        job = Job()
        job.state = "ready"
        jobs.append(job)


def consume():
    done = 0
    while done < 10:
        try:
            job = jobs.popleft()
        except IndexError:
            continue
        job.state = "done"
        done += 1


threads = [threading.Thread(target=produce), threading.Thread(target=consume)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
