# SPDX-License-Identifier: MIT
"""An object of a class that knows nothing of threads, reached by two of them."""

import random
import threading

import owned

ERROR = "WrongThreadError"


def test_racy():
    """A generator of random numbers: two threads that share one can get the same numbers, and no seed repeats them."""
    dice = owned.own(random.Random(1))
    worker = threading.Thread(target=dice.randint, args=(1, 6))
    worker.start()
    worker.join()


def test_right():
    """Each thread has its own, and one seed for each."""
    numbers = []

    def roll():
        dice = owned.own(random.Random(1))
        numbers.append(dice.randint(1, 6))

    for _ in range(2):
        worker = threading.Thread(target=roll)
        worker.start()
        worker.join()
    assert numbers[0] == numbers[1]
