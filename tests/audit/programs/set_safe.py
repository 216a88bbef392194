# SPDX-License-Identifier: MIT
# race: none
import threading

seen = set()


def see(word):
    seen.add(word)
    seen.discard("nothing")


threads = [threading.Thread(target=see, args=(word,)) for word in "abc"]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(seen))
