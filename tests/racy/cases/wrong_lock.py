# SPDX-License-Identifier: MIT
"""A lock is held, and it is not the one of the object."""

import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """Two locks, two objects, and one mix-up."""
    users_lock, orders_lock = owned.Lock(), owned.Lock()
    users = owned.share(owned.List(), lock=users_lock)
    owned.share(owned.List(), lock=orders_lock)

    def add():
        with orders_lock:
            users.append("ada")

    worker = threading.Thread(target=add)
    worker.start()
    worker.join()


def test_right():
    """`locked(obj)` takes the lock of the object, whichever that is."""
    users = owned.share(owned.List(), lock=owned.Lock())

    def add():
        with owned.locked(users):
            users.append("ada")

    worker = threading.Thread(target=add)
    worker.start()
    worker.join()
    with owned.locked(users):
        assert users == ["ada"]
