# SPDX-License-Identifier: MIT
"""`sched` runs what is due on the thread that calls `run`, whoever entered it."""

import sched
import threading

import owned

ERROR = "WrongThreadError"


def run_on_worker(scheduler):
    worker = threading.Thread(target=scheduler.run)
    worker.start()
    worker.join()


def test_racy():
    """The main thread enters a job with its own list, and a worker runs the scheduler."""
    done = owned.List()
    scheduler = sched.scheduler()
    scheduler.enter(0, 1, done.append, ("report",))
    run_on_worker(scheduler)


def test_right():
    """The job takes the lock of what it touches."""
    done = owned.share(owned.List())

    def job(name):
        with owned.locked(done):
            done.append(name)

    scheduler = sched.scheduler()
    scheduler.enter(0, 1, job, ("report",))
    run_on_worker(scheduler)
    with owned.locked(done):
        assert done == ["report"]
