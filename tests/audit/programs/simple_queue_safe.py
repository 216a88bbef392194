# SPDX-License-Identifier: MIT
# race: none
import queue
import threading


class Letter:
    def __init__(self, text):
        self.text = text


box = queue.SimpleQueue()


def answer():
    for _ in range(5):
        letter = box.get()
        letter.text += "!"


thread = threading.Thread(target=answer)
thread.start()
for _ in range(5):
    box.put(Letter("hello"))
thread.join()
