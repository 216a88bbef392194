# SPDX-License-Identifier: MIT
# race: certain Resource.open_now
import threading


class Resource:
    open_now = 0

    def __init__(self):
        Resource.open_now += 1

    def __del__(self):
        Resource.open_now -= 1


def use():
    Resource()


threads = [threading.Thread(target=use) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(Resource.open_now)
