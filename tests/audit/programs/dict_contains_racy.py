# SPDX-License-Identifier: MIT
# race: certain dict['key']
import threading

cache = {}


def look():
    return "key" in cache


def store():
    cache["key"] = 1


threads = [threading.Thread(target=look), threading.Thread(target=store)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
