# SPDX-License-Identifier: MIT
# race: certain list[0]
import threading

cells = [0]
phase = threading.Barrier(2)


def write():
    for step in range(3):
        cells[0] = step
        phase.wait()


def read():
    for _ in range(3):
        phase.wait()
        cells[0]  # while the next step is written


threads = [threading.Thread(target=write), threading.Thread(target=read)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
