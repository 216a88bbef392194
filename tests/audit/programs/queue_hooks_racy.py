# SPDX-License-Identifier: MIT
# race: certain Counting.puts
import queue
import threading


class Counting(queue.Queue):
    puts = 0

    def put(self, item, block=True, timeout=None):
        self.puts += 1  # not under the mutex, as _put() would be
        super().put(item, block, timeout)

    def _put(self, item):
        super()._put(item)


jobs = Counting()
threads = [threading.Thread(target=jobs.put, args=("job",)) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
