# SPDX-License-Identifier: MIT
# race: certain Letter.text
import queue
import threading


class Letter:
    def __init__(self, text):
        self.text = text


box = queue.SimpleQueue()


def answer():
    letter = box.get()
    letter.text += "!"


thread = threading.Thread(target=answer)
thread.start()
letter = Letter("hello")
box.put(letter)
letter.text = "bye"
thread.join()
