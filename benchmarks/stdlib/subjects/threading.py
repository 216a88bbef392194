# SPDX-License-Identifier: MIT
"""threading."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, shared, small

PROMISED = "it is there for nothing else"
_timeouts = st.sampled_from([0, 0.0005])


def _started(threading, name):
    thread = threading.Thread(target=int, name=name)
    thread.start()
    thread.join()
    return thread.is_alive(), thread.ident, thread.name, repr(thread)


def _running(threading):
    thread = threading.Thread(target=int)
    thread.start()
    return thread


def _timer(threading):
    timer = threading.Timer(0.0001, int)
    timer.start()
    timer.cancel()
    timer.join()


def _locked(condition):
    with condition:
        condition.wait(0.0005)
        condition.notify_all()


def _local(threading):
    local = threading.local()
    local.x = 1
    return local.x


SUBJECT = Subject(
    "threading",
    fresh=False,
    calls=(
        op(_started, names),
        op(_timer),
        op(_local),
        *each("active_count enumerate current_thread main_thread get_ident gettrace getprofile"),
        op(lambda threading: threading.current_thread().getName()),
        op(lambda threading: threading.stack_size()),
        op(lambda threading: threading._PyRLock().acquire()),
    ),
    objects=(
        shared(
            "_PyRLock",
            lambda threading: threading._PyRLock(),
            op(lambda lock: lock.acquire(False) and lock.release()),
            op(lambda lock: lock.__enter__() and lock.__exit__(None, None, None)),
            *each("release _is_owned _recursion_count __repr__"),
            promised=PROMISED,
        ),
        shared(
            "Condition",
            lambda threading: threading.Condition(),
            op(_locked),
            op("notify"),
            op(lambda condition: condition.acquire(False) and (condition.notify(), condition.release())),
            op(lambda condition: condition.acquire(False) and (condition.wait_for(lambda: 0, 0), condition.release())),
            op(repr),
            promised=PROMISED,
        ),
        shared(
            "Semaphore",
            lambda threading: threading.Semaphore(2),
            op("acquire", st.just(False)),
            op("acquire", st.just(True), st.just(0.0005)),
            *each("release __repr__"),
            op("release", small),
            promised=PROMISED,
        ),
        shared(
            "BoundedSemaphore",
            lambda threading: threading.BoundedSemaphore(2),
            op("acquire", st.just(False)),
            *each("release __repr__"),
            promised=PROMISED,
        ),
        shared(
            "Event",
            lambda threading: threading.Event(),
            *each("set clear is_set __repr__"),
            op("wait", _timeouts),
            promised=PROMISED,
        ),
        shared(
            "Barrier",
            lambda threading: threading.Barrier(2),
            op("wait", st.just(0.001)),
            *each("reset abort __repr__"),
            op(lambda barrier: (barrier.parties, barrier.n_waiting, barrier.broken)),
            promised=PROMISED,
        ),
        shared(
            "Thread",
            lambda threading: _running(threading),
            *each("is_alive __repr__"),
            op(lambda thread: thread.join()),
            op(lambda thread: setattr(thread, "daemon", True)),
            op(lambda thread, name: setattr(thread, "name", name), names),
            op(lambda thread: (thread.name, thread.ident, thread.native_id, thread.daemon)),
            promised=PROMISED,
            done=lambda thread: thread.join(),
        ),
    ),
    note="two calls of `start()` on one thread are left out of the run, for they crash the interpreter, see above",
    tests=("test.test_threading", "test.test_threading_local", "test.test_threadedtempfile"),
)
