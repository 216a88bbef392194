# SPDX-License-Identifier: MIT
# race: none
import collections
import threading

words = collections.Counter()
lock = threading.Lock()


def count(text):
    with lock:
        words.update(text)
        words["total"] += 1


threads = [threading.Thread(target=count, args=(text,)) for text in ("aab", "abb")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(words.most_common(2))
