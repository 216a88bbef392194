# SPDX-License-Identifier: MIT
# race: none
import queue
import threading


class Buffer:
    def __init__(self):
        self.words = []


buffer = Buffer()
requests = queue.Queue(maxsize=1)


def read():
    buffer.words = ["a"]
    requests.get()
    requests.get()


thread = threading.Thread(target=read)
thread.start()
requests.put("first")
requests.put("second")  # once the first one has been taken
print(buffer.words)
thread.join()
