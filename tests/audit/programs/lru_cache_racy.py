# SPDX-License-Identifier: MIT
# race: certain __main__.misses
import functools
import threading

misses = 0


@functools.cache
def square(number):
    global misses
    misses += 1
    return number * number


threads = [threading.Thread(target=square, args=(number,)) for number in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
