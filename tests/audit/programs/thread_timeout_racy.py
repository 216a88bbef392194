# SPDX-License-Identifier: MIT
# race: certain __main__.answer
import threading

answer = None
may_end = threading.Event()


def work():
    global answer
    answer = 42
    may_end.wait()


thread = threading.Thread(target=work)
thread.start()
thread.join(timeout=0.01)
print(answer in (None, 42))
may_end.set()
thread.join()
