# SPDX-License-Identifier: MIT
# race: certain list
import threading

lines = ["a", "b"]


def write():
    lines.append("c")


def read():
    print(sum([len(line) for line in lines]) > 1)


threads = [threading.Thread(target=write), threading.Thread(target=read)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
