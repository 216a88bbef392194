# SPDX-License-Identifier: MIT
# race: certain Counting.count
import logging
import threading


class Counting(logging.Handler):
    def __init__(self):
        super().__init__()
        self.count = 0

    def handle(self, record):
        self.emit(record)  # without the lock

    def emit(self, record):
        self.count += 1


handler = Counting()
log = logging.getLogger("program")
log.addHandler(handler)
log.propagate = False


def work():
    log.warning("careful")


threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
