# SPDX-License-Identifier: MIT
# race: certain Progress.done
import threading
from concurrent.futures import ThreadPoolExecutor

all_there = threading.Barrier(2)


class Progress:
    def __init__(self):
        self.done = 0

    def tell(self, future):
        self.done += 1


progress = Progress()
with ThreadPoolExecutor(2) as pool:
    for _ in range(2):
        pool.submit(all_there.wait).add_done_callback(progress.tell)
print(progress.done)
