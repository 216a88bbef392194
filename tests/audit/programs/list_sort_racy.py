# SPDX-License-Identifier: MIT
# race: certain list
import threading

scores = [3, 1, 2]


def rank():
    scores.sort()


def play():
    scores.append(0)


threads = [threading.Thread(target=rank), threading.Thread(target=play)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(scores))
