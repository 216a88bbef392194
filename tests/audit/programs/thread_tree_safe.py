# SPDX-License-Identifier: MIT
# race: none
import threading

counts = {"leaf": 0, "branch": 0}


def leaf():
    counts["leaf"] += 1


def branch():
    for _ in range(2):
        thread = threading.Thread(target=leaf)
        thread.start()
        thread.join()
    counts["branch"] += counts["leaf"]


root = threading.Thread(target=branch)
root.start()
root.join()
print(counts["branch"], counts["leaf"])
