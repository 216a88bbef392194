# SPDX-License-Identifier: MIT
"""The callback of a weak reference runs on whichever thread drops the object."""

import threading
import weakref

import owned

ERROR = "WrongThreadError"


class Session:
    pass


def end_on_worker(sessions):
    worker = threading.Thread(target=sessions.clear)
    worker.start()
    worker.join()


def test_racy():
    """The count of sessions belongs to the main thread; a worker drops the last one."""
    alive = owned.Dict(count=1)
    sessions = [Session()]

    def forget(reference):
        try:
            alive["count"] -= 1
        except Exception:
            pass

    reference = weakref.ref(sessions[0], forget)
    end_on_worker(sessions)
    assert reference() is None


def test_right():
    """The callback takes a lock: a reentrant one, as it may come while its thread holds it already."""
    alive = owned.share(owned.Dict(count=1), lock=owned.RLock())
    sessions = [Session()]

    def forget(reference):
        with owned.locked(alive):
            alive["count"] -= 1

    reference = weakref.ref(sessions[0], forget)
    end_on_worker(sessions)
    assert reference() is None
    with owned.locked(alive):
        assert alive["count"] == 0
