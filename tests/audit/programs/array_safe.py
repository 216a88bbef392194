# SPDX-License-Identifier: MIT
# race: none
import array
import threading

numbers = array.array("i", [0] * 4)


def fill(index):
    for number in range(10):
        numbers[index] = number


threads = [threading.Thread(target=fill, args=(index,)) for index in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(numbers)
