# SPDX-License-Identifier: MIT
"""concurrent.futures: futures and the pool of threads."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, numbers, op, shared, small

PROMISED = "it is made for threads"


def _pooled(futures):
    with futures.ThreadPoolExecutor(2, thread_name_prefix="p", initializer=int) as pool:
        found = [pool.submit(pow, n, 2) for n in range(3)] + [pool.submit(divmod, 1, 0)]
        list(pool.map(abs, range(3)))
        futures.wait(found, return_when=futures.FIRST_EXCEPTION)
        return [future.exception() for future in futures.as_completed(found)]


def _broken(futures):
    with futures.ThreadPoolExecutor(1, initializer=divmod, initargs=(1, 0)) as pool:
        return pool.submit(int).exception()


SUBJECT = Subject(
    "concurrent.futures",
    fresh=False,
    files=("concurrent.futures._base", "concurrent.futures.thread"),
    calls=(op(_pooled), op(_broken)),
    objects=(
        shared(
            "Future",
            lambda futures: futures.Future(),
            op("set_result", small),
            op("set_exception", st.builds(ValueError)),
            *each("cancel cancelled running done set_running_or_notify_cancel __repr__"),
            op("result", st.just(0.001)),
            op("exception", st.just(0.001)),
            op("add_done_callback", st.just(repr)),
            op(lambda future: __import__("concurrent.futures").futures.wait([future], 0.001)),
            promised=PROMISED,
        ),
        shared(
            "ThreadPoolExecutor",
            lambda futures: futures.ThreadPoolExecutor(2),
            op("submit", st.just(abs), numbers),
            op(lambda pool: list(pool.map(abs, range(3), timeout=5))),
            op("shutdown", st.just(False)),
            op(lambda pool: pool.shutdown(wait=False, cancel_futures=True)),
            promised=PROMISED,
            done=lambda pool: pool.shutdown(),
        ),
    ),
    tests=(
        "test.test_concurrent_futures.test_thread_pool",
        "test.test_concurrent_futures.test_future",
        "test.test_concurrent_futures.test_as_completed",
        "test.test_concurrent_futures.test_wait",
        "test.test_concurrent_futures.test_shutdown",
    ),
    not_tests=("ProcessPool", "InterpreterPool"),
    left_out={
        "concurrent.futures.process": "it works with processes",
        "concurrent.futures.interpreter": "it works with interpreters",
    },
)
