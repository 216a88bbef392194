# SPDX-License-Identifier: MIT
# race: certain Worker.result
import threading


class Worker(threading.Thread):
    result = None

    def run(self):
        self.result = 1


worker = Worker()
worker.start()
print(worker.result in (None, 1))
worker.join()
