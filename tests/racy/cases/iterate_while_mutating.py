# SPDX-License-Identifier: MIT
"""One thread walks through a list while another one changes it."""

import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """The reader starts under the lock, and lets it go at each item."""
    lock = owned.Lock()
    names = owned.share(owned.List(["ada", "grace"]), lock=lock)
    greeted = []
    one_greeted, changed = threading.Event(), threading.Event()

    def greet():
        lock.acquire()
        for name in names:
            lock.release()
            greeted.append(name)
            one_greeted.set()
            changed.wait(10)

    worker = threading.Thread(target=greet)
    worker.start()
    one_greeted.wait(10)
    with lock:
        names.insert(0, "edsger")
    changed.set()
    worker.join()


def test_right():
    """The reader walks through a copy that was made under the lock."""
    lock = owned.Lock()
    names = owned.share(owned.List(["ada", "grace"]), lock=lock)
    greeted = []
    one_greeted, changed = threading.Event(), threading.Event()

    def greet():
        with lock:
            now = tuple(names)
        for name in now:
            greeted.append(name)
            one_greeted.set()
            changed.wait(10)

    worker = threading.Thread(target=greet)
    worker.start()
    one_greeted.wait(10)
    with lock:
        names.insert(0, "edsger")
    changed.set()
    worker.join()
    assert greeted == ["ada", "grace"]
