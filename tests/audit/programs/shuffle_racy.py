# SPDX-License-Identifier: MIT
# race: certain list
import random
import threading

cards = list(range(10))


def shuffle():
    random.shuffle(cards)


threads = [threading.Thread(target=shuffle) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(cards))
