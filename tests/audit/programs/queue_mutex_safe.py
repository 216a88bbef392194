# SPDX-License-Identifier: MIT
# race: none
import queue
import threading

jobs = queue.Queue()


def drop(number):
    with jobs.mutex:
        jobs.queue.append(number)
        jobs.queue.rotate()
        size = len(jobs.queue)
    return size


threads = [threading.Thread(target=drop, args=(number,)) for number in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
