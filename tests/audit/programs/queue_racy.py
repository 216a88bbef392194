# SPDX-License-Identifier: MIT
# race: certain Job.owner
import queue
import threading


class Job:
    def __init__(self):
        self.owner = "main"


jobs = queue.Queue()


def work():
    job = jobs.get()
    job.owner = "worker"


thread = threading.Thread(target=work)
thread.start()
job = Job()
jobs.put(job)
print(job.owner in ("main", "worker"))
thread.join()
