# SPDX-License-Identifier: MIT
"""The callback of a weak reference runs on whichever thread drops the object."""

import threading
import weakref

import owned

ERROR = "WrongThreadError"


class Session:
    pass


def end_on_worker(callback):
    def work():
        session = Session()
        reference = weakref.ref(session, callback)
        del session
        assert reference() is None

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()


def test_racy():
    """The count of sessions belongs to the main thread; a worker drops the last one."""
    alive = owned.Dict(count=1)

    def forget(reference):
        try:
            alive["count"] -= 1
        except Exception:
            pass

    end_on_worker(forget)


def test_right():
    """The callback takes a lock: a reentrant one, as it may come while its thread holds it already."""
    alive = owned.share(owned.Dict(count=1), lock=owned.RLock())

    def forget(reference):
        with owned.locked(alive):
            alive["count"] -= 1

    end_on_worker(forget)
    with owned.locked(alive):
        assert alive["count"] == 0
