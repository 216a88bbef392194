# SPDX-License-Identifier: MIT
# race: certain dict
import threading

users = {"ann": 1, "bob": 2}


def join_in():
    users["cid"] = 3


def show():
    try:
        for name in users:
            print(name)
    except RuntimeError as error:
        print(error)


threads = [threading.Thread(target=join_in), threading.Thread(target=show)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
