# SPDX-License-Identifier: MIT
# race: none
import threading
from concurrent.futures import ThreadPoolExecutor

settings = {"base": 1}
mine = threading.local()


def prepare(factor):
    mine.base = settings["base"] * factor


def work(number):
    mine.base += 1
    return number + mine.base


settings["base"] = 10
with ThreadPoolExecutor(2, initializer=prepare, initargs=(2,)) as pool:
    print(len(list(pool.map(work, range(4)))))
