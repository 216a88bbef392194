# SPDX-License-Identifier: MIT
# race: certain Job.state
import collections
import threading


class Job:
    def __init__(self):
        self.state = "new"


jobs = collections.deque()


def produce():
    job = Job()
    jobs.append(job)
    job.state = "sent"


def consume():
    while True:
        try:
            job = jobs.popleft()
            break
        except IndexError:
            pass
    job.state = "done"


threads = [threading.Thread(target=produce), threading.Thread(target=consume)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
