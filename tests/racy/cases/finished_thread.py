# SPDX-License-Identifier: MIT
"""What a thread made is used after it has ended."""

import threading

import owned

ERROR = "OrphanedError"


def run_worker():
    made = []
    worker = threading.Thread(target=lambda: made.append(owned.List(["result"])))
    worker.start()
    worker.join()
    return made[0]


def test_racy():
    """Nobody has taken it over, so nobody knows whether the thread left it in order."""
    result = run_worker()
    try:
        result.append("more")
    except RuntimeError:
        pass


def test_right():
    """adopt() says: I know that its thread has ended, it is mine now."""
    result = owned.adopt(run_worker())
    result.append("more")
    assert result == ["result", "more"]
