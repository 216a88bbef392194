# SPDX-License-Identifier: MIT
"""What a condition is about is set outside of it: a notification is no lock."""

import threading

import owned

ERROR = "LockNotHeldError"


def wait_until_ready(changed, state):
    with changed:
        changed.wait_for(lambda: state["ready"], timeout=0.2)


def test_racy():
    """The flag is set before the condition's lock is taken, to hold the lock as shortly as possible."""
    changed = threading.Condition(owned.RLock())
    state = owned.share(owned.Dict(ready=False), lock=changed)
    waiter = threading.Thread(target=wait_until_ready, args=(changed, state))
    waiter.start()
    try:
        state["ready"] = True
    except RuntimeError:
        pass
    with changed:
        changed.notify_all()
    waiter.join()


def test_right():
    """The flag and the notification are one step."""
    changed = threading.Condition(owned.RLock())
    state = owned.share(owned.Dict(ready=False), lock=changed)
    waiter = threading.Thread(target=wait_until_ready, args=(changed, state))
    waiter.start()
    with changed:
        state["ready"] = True
        changed.notify_all()
    waiter.join()
