# SPDX-License-Identifier: MIT
"""A queue carries a reference, not the ownership: both sides have the object now."""

import queue
import threading

import owned

ERROR = "WrongThreadError"


def test_racy():
    """The consumer works on an object that is still the producer's."""
    orders = queue.SimpleQueue()

    def consume():
        try:
            orders.get(timeout=10)["done"] = True
        except RuntimeError:
            pass

    worker = threading.Thread(target=consume)
    worker.start()
    orders.put(owned.Dict(item="tea"))
    worker.join()


def test_right():
    """What goes through the queue is a parcel."""
    orders = queue.SimpleQueue()
    finished = []

    def consume():
        order = orders.get(timeout=10).claim()
        order["done"] = True
        finished.append(dict(order))

    worker = threading.Thread(target=consume)
    worker.start()
    orders.put(owned.move(owned.Dict(item="tea")))
    worker.join()
    assert finished == [{"item": "tea", "done": True}]
