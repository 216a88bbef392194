# SPDX-License-Identifier: MIT
"""All writes hold the lock, and a read does not: "it is only a read"."""

import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """A monitor reads the balance while others may be in the middle of changing it."""
    account = owned.share(owned.Dict(balance=100))

    def monitor():
        try:
            return account["balance"]
        except Exception:
            return None

    worker = threading.Thread(target=monitor)
    worker.start()
    worker.join()


def test_right():
    """A read takes the lock as well."""
    account = owned.share(owned.Dict(balance=100))
    seen = []

    def monitor():
        with owned.locked(account):
            seen.append(account["balance"])

    worker = threading.Thread(target=monitor)
    worker.start()
    worker.join()
    assert seen == [100]
