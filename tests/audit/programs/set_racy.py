# SPDX-License-Identifier: MIT
# race: certain set
import threading

seen = {"a"}


def see():
    seen.add("b")


def count():
    print(len(seen) > 0)


threads = [threading.Thread(target=see), threading.Thread(target=count)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
