# SPDX-License-Identifier: MIT
# race: none
import threading

import owned


class Result:
    def __init__(self):
        self.text = None


result = Result()
is_ready = owned.AtomicInt(0)
latest = owned.AtomicRef(None)


def work():
    result.text = "done"
    is_ready.set(1)
    other = Result()
    other.text = ("other",)
    latest.set(other.text)


thread = threading.Thread(target=work)
thread.start()
while not is_ready.get():
    pass
print(result.text)
while latest.get() is None:
    pass
print(latest.value)
thread.join()
