# SPDX-License-Identifier: MIT
# race: none
import queue
import threading


class Job:
    def __init__(self, number):
        self.number = number
        self.answer = None


jobs, answers = queue.Queue(), queue.Queue()


def work():
    while (job := jobs.get()) is not None:
        job.answer = job.number * 2
        answers.put(job)
    jobs.put(None)


threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for number in range(10):
    jobs.put(Job(number))
jobs.put(None)
print(sum([answers.get().answer for _ in range(10)]))
for thread in threads:
    thread.join()
