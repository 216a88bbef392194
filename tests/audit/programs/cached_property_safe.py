# SPDX-License-Identifier: MIT
# race: none
import functools
import threading


class Text:
    def __init__(self, words):
        self.words = words

    @functools.cached_property
    def longest(self):
        return max(self.words, key=len)


text = Text(["a", "longest", "word"])
text.longest  # before others ask
threads = [threading.Thread(target=lambda: print(text.longest)) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
