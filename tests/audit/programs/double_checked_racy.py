# SPDX-License-Identifier: MIT
# race: certain __main__.instance
import threading

instance = None
lock = threading.Lock()


class Service:
    pass


def get():
    global instance
    if instance is None:
        with lock:
            if instance is None:
                instance = Service()
    return instance


threads = [threading.Thread(target=get) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
