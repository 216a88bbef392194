# SPDX-License-Identifier: MIT
"""An object that a shared object holds is shared with it, under whatever name it is known."""

import threading

import owned

ERROR = "LockNotHeldError"


@owned.owned
class Customer:
    def __init__(self, name):
        self.name = name


@owned.owned
class Order:
    def __init__(self, customer):
        self.customer = customer


def test_racy():
    """The customer was made first, and is renamed without the order's lock."""
    customer = Customer("ada")
    owned.share(Order(customer))

    def rename():
        customer.name = "grace"

    worker = threading.Thread(target=rename)
    worker.start()
    worker.join()


def test_right():
    """The order's lock guards its customer too."""
    customer = Customer("ada")
    order = owned.share(Order(customer))

    def rename():
        with owned.locked(order):
            order.customer.name = "grace"

    worker = threading.Thread(target=rename)
    worker.start()
    worker.join()
    with owned.locked(order):
        assert customer.name == "grace"
