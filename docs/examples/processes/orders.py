# SPDX-License-Identifier: MIT
"""Orders go to a worker process and come back: copied, moved and frozen ones."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import owned


@owned.owned
class Order:
    def __init__(self, number, items):
        self.number = number
        self.items = items
        self.total = 0


def priced(order, prices):
    """Work on an order of one's own: what arrives is private to the worker's main thread."""
    order.total = sum(prices[item] for item in order.items)
    return order


def priced_and_moved(parcel, prices):
    """The same for an order that nobody else has: it is claimed here, and moved back."""
    return owned.move(priced(parcel.claim(), prices))


def main():
    prices = owned.freeze({"tea": 3, "cup": 8})
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        order = Order(1, ["tea", "cup"])
        copy = executor.submit(priced, order, prices).result()
        print(f"copied: {order.total} here, {copy.total} there")

        parcel = owned.move(order)
        order = executor.submit(priced_and_moved, parcel, prices).result().claim()
        print(f"moved: {order.total}")
        try:
            parcel.claim()
        except owned.MovedError as error:
            print(f"MovedError: {str(error).partition(': ')[0]}")

        order.lock = owned.Lock()
        try:
            executor.submit(priced, order, prices)
        except owned.TravelError as error:
            print(f"TravelError: {str(error).partition(' (')[0]}")


if __name__ == "__main__":
    main()
