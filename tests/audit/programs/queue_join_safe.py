# SPDX-License-Identifier: MIT
# race: none
import queue
import threading

jobs = queue.Queue()
squares = {}


def work():
    while True:
        number = jobs.get()
        squares[number] = number * number
        jobs.task_done()


for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
for number in range(6):
    jobs.put(number)
jobs.join()
print(sum(squares.values()))
