# SPDX-License-Identifier: MIT
# race: none
from concurrent.futures import ThreadPoolExecutor

log = {}


def work(number):
    log[number] = "done"


with ThreadPoolExecutor(3) as pool:
    for number in range(6):
        pool.submit(work, number)
print(len(log), sorted(log))
