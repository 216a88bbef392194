# SPDX-License-Identifier: MIT
# race: none
import threading


def counted(name, counts):
    seen = 0

    def one():
        nonlocal seen
        seen += 1

    for _ in range(10):
        one()
    counts[name] = seen


counts = {}
threads = [threading.Thread(target=counted, args=(name, counts)) for name in "ab"]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(counts.items()))
