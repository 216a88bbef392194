# SPDX-License-Identifier: MIT
"""A signal handler that uses the very lock its thread waits for."""

import pytest

from locks import needs_signals
from programs import run_program


@needs_signals
@pytest.mark.parametrize(
    ("kind", "side"), [("RWLock", ".write"), ("RWLock", ".read"), ("BoundedSemaphore", ""), ("Semaphore", "")]
)
def test_handler_takes_what_its_thread_waits_for(kind, side):
    """It gets it when its holder gives it back, and so does the thread after it; nobody else is let in meanwhile."""
    out = run_program(
        f"""
        import signal, threading, owned
        whole = owned.{kind}()
        lock = whole{side}
        held, enough, seen = threading.Event(), threading.Event(), []
        def hold():
            with whole:
                held.set()
                enough.wait(30)
        other = threading.Thread(target=hold)
        def handler(*_):
            enough.set()
            other.join(30)
            with lock:
                seen.append("handler")
        signal.signal(signal.SIGALRM, handler)
        other.start()
        held.wait(30)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert lock.acquire(timeout=30)
        seen.append("thread")
        lock.release()
        print(seen, lock.locked())
        """
    )
    assert out.split("\n")[0] == "['handler', 'thread'] False"
