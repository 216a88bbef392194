# SPDX-License-Identifier: MIT
"""An object is shared, and somebody has it under another name from before."""

import threading

import owned

ERROR = "LockNotHeldError"


def test_racy():
    """The old name still works, without any lock: so it seemed."""
    lock = owned.Lock()
    draft = owned.List(["a"])
    published = owned.share(draft, lock=lock)
    assert published is draft

    def edit():
        draft.append("b")

    worker = threading.Thread(target=edit)
    worker.start()
    worker.join()


def test_right():
    """What the writer keeps is a copy of its own."""
    lock = owned.Lock()
    draft = owned.List(["a"])
    published = owned.share(draft.copy(), lock=lock)
    draft.append("b")
    with lock:
        assert published == ["a"]
