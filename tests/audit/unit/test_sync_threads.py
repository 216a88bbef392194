# SPDX-License-Identifier: MIT
"""What is told of threads."""

from __future__ import annotations

import _thread
import subprocess
import sys
import threading

import pytest


def test_start_and_join(orders):
    """What comes before start() comes before the thread, which comes before join() returns."""
    orders.mark("before")
    thread = threading.Thread(target=orders.mark, args=("in it",))
    thread.start()
    thread.join()
    orders.mark("after")
    assert orders.between("before", "in it") == "signal"
    assert orders.between("in it", "after") == "signal"


def test_after_start_is_not_before_the_thread(orders):
    """What the starter does after start() is ordered with nothing of the thread."""
    may_go, went = threading.Event(), []
    thread = threading.Thread(target=lambda: (orders.mark("in it"), went.append(1), may_go.wait(30)))
    thread.start()
    orders.mark("beside")
    may_go.set()
    thread.join()
    assert orders.between("beside", "in it") is None
    assert orders.between("in it", "beside") is None


def test_join_that_timed_out(orders, unseen):
    """A join() that gave up has seen nothing."""
    may_end = threading.Event()
    thread = threading.Thread(target=lambda: (orders.mark("in it"), unseen.go(), may_end.wait(30)))
    thread.start()
    unseen.wait()
    thread.join(timeout=0.001)
    orders.mark("gave up")
    may_end.set()
    thread.join()
    assert orders.between("in it", "gave up") is None


def test_every_joiner(orders, together):
    """Each of several threads that join one comes after it."""
    thread = threading.Thread(target=orders.mark, args=("in it",))
    thread.start()
    together(lambda: (thread.join(), orders.mark("first")), lambda: (thread.join(), orders.mark("second")))
    assert orders.between("in it", "first") == orders.between("in it", "second") == "signal"


def test_is_alive_that_was_false(orders):
    """Whoever sees that a thread is no longer alive comes after it."""
    thread = threading.Thread(target=orders.mark, args=("in it",))
    assert not thread.is_alive()
    thread.start()
    while thread.is_alive():
        pass
    orders.mark("after")
    assert orders.between("in it", "after") == "signal"


def test_no_longer_listed(orders):
    """Whoever finds a thread no longer listed comes after what it did."""
    thread = threading.Thread(target=orders.mark, args=("in it",))
    thread.start()
    while thread in threading.enumerate():
        pass
    orders.mark("after")
    assert orders.between("in it", "after") == "signal"


def test_subclass(orders):
    """A subclass with a run() of its own is a thread like any other."""

    class Worker(threading.Thread):
        def run(self):
            orders.mark("in it")

    worker = Worker(daemon=True)
    orders.mark("before")
    worker.start()
    worker.join()
    orders.mark("after")
    assert orders.between("before", "in it") == orders.between("in it", "after") == "signal"


def test_excepthook(orders, monkeypatch):
    """What becomes of a thread's exception happens before join() returns."""
    monkeypatch.setattr(threading, "excepthook", lambda args: orders.mark("told"))

    def fail():
        raise ValueError

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    orders.mark("after")
    assert orders.between("told", "after") == "signal"


def test_timer(orders):
    """A Timer's function comes after its start() and before its join()."""
    timer = threading.Timer(0.001, orders.mark, args=("rang",))
    orders.mark("before")
    timer.start()
    timer.join()
    orders.mark("after")
    assert orders.between("before", "rang") == orders.between("rang", "after") == "signal"


def test_low_level_thread(orders, unseen):
    """A thread without a Thread comes after its start, and nobody joins it."""
    orders.mark("before")
    _thread.start_new_thread(lambda: (orders.mark("in it"), unseen.go()), ())
    unseen.wait()
    orders.mark("beside")
    assert orders.between("before", "in it") == "signal"
    assert orders.between("in it", "beside") is None


def test_misuse_is_refused_as_before(orders):
    """Starting twice, joining too early and joining itself raise what they always did."""
    thread = threading.Thread(target=int)
    with pytest.raises(RuntimeError, match="before it is started"):
        thread.join()
    thread.start()
    with pytest.raises(RuntimeError, match="only be started once"):
        thread.start()
    thread.join()
    with pytest.raises(RuntimeError, match="current thread"):
        threading.current_thread().join()
    with pytest.raises(TypeError):
        _thread.start_new_thread(3, ())
    with pytest.raises(TypeError):
        _thread.start_new_thread(int, 3)


def test_a_thread_that_was_there_before(orders_later, together):
    """Of a thread that ran before anybody was told, joining comes after what it did since."""
    start, orders, stop = orders_later
    may_go = threading.Event()
    thread = threading.Thread(target=lambda: (may_go.wait(30), orders.mark("in it")))
    thread.start()
    start()
    may_go.set()
    thread.join()
    orders.mark("after")
    stop()
    assert orders.between("in it", "after") == "signal"


@pytest.fixture
def orders_later():
    from orders import Orders
    from owned._audit import _sync

    orders = Orders()
    yield (lambda: _sync.install(detector_module=orders)), orders, _sync.uninstall
    _sync.uninstall()


def test_the_end_of_the_interpreter():
    """What threads did that nobody joins comes before atexit functions."""
    program = """if True:
        import atexit, sys, threading
        sys.path.insert(0, sys.argv[1])
        from orders import Orders
        from owned._audit import _sync
        def main(orders):
            _sync.install(detector_module=orders)
            atexit.register(lambda: (orders.mark("end"), print(orders.between("in it", "end"))))
            threading.Thread(target=orders.mark, args=("in it",)).start()
        main(Orders())
    """
    support = next(path for path in sys.path if path.endswith("tests/support"))
    done = subprocess.run(
        [sys.executable, "-c", program, support], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "signal\n", done.stderr
