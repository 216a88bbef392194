# SPDX-License-Identifier: MIT
# race: none
import threading

users = {"ann": 1, "bob": 2}
lock = threading.Lock()


def join_in():
    with lock:
        users["cid"] = 3


def show():
    with lock:
        names = list(users)
    print(len(names) > 1)


threads = [threading.Thread(target=join_in), threading.Thread(target=show)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
