# SPDX-License-Identifier: MIT
# race: none
import contextvars
import threading

depth = contextvars.ContextVar("depth", default=0)


def work(ends):
    for _ in range(4):
        depth.set(depth.get() + 1)
    ends.append(depth.get())


ends = []
threads = [threading.Thread(target=contextvars.copy_context().run, args=(work, ends)) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(ends)
