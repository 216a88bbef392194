# SPDX-License-Identifier: MIT
# race: none
import threading

result = None
finished = threading.Lock()
finished.acquire()


def work():
    global result
    result = "done"
    finished.release()


thread = threading.Thread(target=work)
thread.start()
finished.acquire()
print(result)
thread.join()
