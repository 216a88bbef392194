# SPDX-License-Identifier: MIT
# race: certain dict
import queue
import threading

jobs = queue.Queue()
squares = {}


def work():
    while (number := jobs.get()) is not None:
        squares[number] = number * number


thread = threading.Thread(target=work)
thread.start()
for number in range(3):
    jobs.put(number)
print(len(squares) < 4)
jobs.put(None)
thread.join()
