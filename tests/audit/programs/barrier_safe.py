# SPDX-License-Identifier: MIT
# race: none
import threading

cells = [0, 0]
phase = threading.Barrier(2)


def work(me):
    for step in range(3):
        cells[me] = step
        phase.wait()
        neighbour = cells[1 - me]
        assert neighbour == step
        phase.wait()


threads = [threading.Thread(target=work, args=(me,)) for me in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
