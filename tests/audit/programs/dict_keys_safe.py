# SPDX-License-Identifier: MIT
# race: none
import threading

results = {}


def work(number):
    results[number] = number * number


threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(results.items()))
