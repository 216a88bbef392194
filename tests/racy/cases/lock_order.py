# SPDX-License-Identifier: MIT
"""Two locks that are taken in both orders: on the wrong day each of two threads waits for the other."""

import threading

import owned

ERROR = "LockOrderError"


def take_both(first, second):
    with first:
        with second:
            pass


def run_in_turn(*calls):
    """One after the other, so that today nobody waits."""
    for function, *args in calls:
        worker = threading.Thread(target=function, args=args)
        worker.start()
        worker.join()


def test_racy():
    """From savings to current, and from current to savings."""
    savings, current = owned.Lock(), owned.Lock()
    run_in_turn((take_both, savings, current), (take_both, current, savings))


def test_right():
    """There is one order, whichever way the money goes."""
    savings, current = owned.Lock(), owned.Lock()
    run_in_turn((take_both, savings, current), (take_both, savings, current))
