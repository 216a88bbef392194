# SPDX-License-Identifier: MIT
# race: none
import queue
import threading


class Task:
    def __init__(self, name):
        self.name = name
        self.is_done = False

    def __lt__(self, other):
        return self.name < other.name


def serve(tasks, done):
    for _ in range(3):
        task = tasks.get()
        task.is_done = True
        done.put(task)


done = queue.SimpleQueue()
for tasks in (queue.LifoQueue(), queue.PriorityQueue()):
    for name in "bca":
        tasks.put(Task(name))
    thread = threading.Thread(target=serve, args=(tasks, done))
    thread.start()
    print([task.name for task in [done.get() for _ in range(3)] if task.is_done])
    thread.join()
