# SPDX-License-Identifier: MIT
# race: none
import threading
from concurrent.futures import Future


class Answer:
    def __init__(self):
        self.text = ""


def think(future):
    answer = Answer()
    answer.text = "42"
    future.set_result(answer)


def fail(future):
    error = ValueError("no")
    error.reason = "none"
    future.set_exception(error)


first, second = Future(), Future()
threads = [threading.Thread(target=think, args=(first,)), threading.Thread(target=fail, args=(second,))]
for thread in threads:
    thread.start()
print(first.result().text)
while not second.done():
    pass
print(second.exception().reason)
for thread in threads:
    thread.join()
