# SPDX-License-Identifier: MIT
# race: certain defaultdict['a']
import collections
import threading

words = collections.defaultdict(int)
words["a"] = 0


def count():
    words["a"] += 1


threads = [threading.Thread(target=count) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(words["a"])
