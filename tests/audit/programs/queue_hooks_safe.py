# SPDX-License-Identifier: MIT
# race: none
import queue
import threading


class Counting(queue.Queue):
    """`_put`, `_get` and `_qsize` are called under the queue's mutex: all that they touch is guarded."""

    def _init(self, maxsize):
        super()._init(maxsize)
        self.last = None
        self.asked = 0

    def _put(self, item):
        super()._put(item)
        self.last = item

    def _get(self):
        item = super()._get()
        if item is self.last:
            self.last = None
        return item

    def _qsize(self):
        self.asked += 1
        return super()._qsize()


class Latest(Counting):
    def _put(self, item):
        super()._put(item)
        self.asked += 1


def work(jobs):
    jobs.put("job")
    jobs.get()
    jobs.qsize()
    with jobs.mutex:
        jobs.last = jobs._qsize()


for kind in (Counting, Latest):
    jobs = kind()
    threads = [threading.Thread(target=work, args=(jobs,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(jobs.empty(), jobs.last)
