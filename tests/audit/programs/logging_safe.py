# SPDX-License-Identifier: MIT
# race: none
import logging
import threading


class Counting(logging.Handler):
    def __init__(self):
        super().__init__()
        self.count = 0
        self.last = None

    def emit(self, record):
        self.count += 1
        self.last = record.getMessage()


handler = Counting()
log = logging.getLogger("program")
log.addHandler(handler)
log.setLevel(logging.INFO)
log.propagate = False


def work():
    for number in range(5):
        log.info("step %d", number)


threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(handler.count)
