# SPDX-License-Identifier: MIT
"""A dict of lists: the lock was held when the list was taken out, and no longer when it was used."""

import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """The list inside is shared under the same lock as the dict."""
    lock = owned.Lock()
    groups = owned.share(owned.Dict(staff=["ada"]), lock=lock)

    def join_staff(name):
        with lock:
            staff = groups["staff"]
        staff.append(name)

    worker = threading.Thread(target=join_staff, args=("grace",))
    worker.start()
    worker.join()


def test_right():
    """The list is used while the lock is held."""
    lock = owned.Lock()
    groups = owned.share(owned.Dict(staff=["ada"]), lock=lock)

    def join_staff(name):
        with lock:
            groups["staff"].append(name)

    worker = threading.Thread(target=join_staff, args=("grace",))
    worker.start()
    worker.join()
    with lock:
        assert groups["staff"] == ["ada", "grace"]
