# SPDX-License-Identifier: MIT
"""What is told of concurrent.futures, asyncio, multiprocessing.pool and functools' caches."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import multiprocessing.pool
import pickle
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest


def test_submit_and_result(orders):
    """A task comes after its submit(), and result() after it."""
    with ThreadPoolExecutor(1) as pool:
        orders.mark("before")
        future = pool.submit(orders.mark, "in it")
        future.result(30)
        orders.mark("after")
    assert orders.between("before", "in it") == orders.between("in it", "after") == "signal"


def test_tasks_are_not_ordered_by_the_pool(orders):
    """What the pool locks with puts no task before another one, nor before a later submit()."""
    may_end = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        both = threading.Barrier(2)
        for name in ("one", "other"):
            pool.submit(lambda name=name: (both.wait(30), orders.mark(name), may_end.wait(30)))
        pool.submit(int)
        orders.mark("submitted")
        may_end.set()
    orders.mark("after")
    assert orders.between("one", "other") is orders.between("other", "one") is None
    assert orders.between("one", "submitted") is None
    assert orders.between("one", "after") == orders.between("other", "after") == "signal"


@pytest.mark.parametrize("how", ["exception", "done", "wait", "as_completed", "result that raises"])
def test_ways_to_see_the_end(orders, how):
    """However somebody sees that a future is done, that comes after the task."""

    def fail():
        orders.mark("in it")
        raise ValueError("on purpose")

    pool = ThreadPoolExecutor(1)
    future = pool.submit(fail)
    if how == "exception":
        assert isinstance(future.exception(30), ValueError)
    elif how == "done":
        while not future.done():
            pass
    elif how == "wait":
        assert concurrent.futures.wait([future]).done == {future}
    elif how == "as_completed":
        assert list(concurrent.futures.as_completed([future])) == [future]
    else:
        with pytest.raises(ValueError, match="on purpose"):
            future.result(30)
    orders.mark("after")
    pool.shutdown()
    assert orders.between("in it", "after") == "signal"


def test_result_that_timed_out(orders, unseen):
    """result() that gave up has seen nothing."""
    may_end = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: (orders.mark("in it"), unseen.go(), may_end.wait(30)))
        unseen.wait()
        with pytest.raises(concurrent.futures.TimeoutError):
            future.result(0.001)
        orders.mark("gave up")
        may_end.set()
    assert orders.between("in it", "gave up") is None


def test_map(orders):
    """What map() gives comes after its task."""
    with ThreadPoolExecutor(1) as pool:
        for _ in pool.map(orders.mark, ["in it"]):
            orders.mark("after")
    assert orders.between("in it", "after") == "signal"


def test_callback(orders, unseen):
    """A callback comes after add_done_callback() and after the task."""
    may_end = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: (may_end.wait(30), orders.mark("in it")))
        orders.mark("before")
        future.add_done_callback(lambda _: orders.mark("called back"))
        unseen.go()
        may_end.set()
    assert orders.between("before", "called back") == orders.between("in it", "called back") == "signal"


def test_callback_of_what_is_done(orders, together, unseen):
    """A callback that is called at once comes after whoever completed the future."""
    future = Future()
    together(
        lambda: (orders.mark("before"), future.set_result(1), unseen.go()),
        lambda: (unseen.wait(), future.add_done_callback(lambda _: orders.mark("called back"))),
    )
    assert orders.between("before", "called back") == "signal"


def test_cancel(orders, together):
    """Whoever finds a future cancelled comes after cancel()."""
    future = Future()

    def wait():
        with pytest.raises(concurrent.futures.CancelledError):
            future.result(30)
        orders.mark("after")

    together(lambda: (orders.mark("before"), future.cancel()), wait)
    assert orders.between("before", "after") == "signal"


def test_initializer(orders):
    """An initializer runs before the tasks of its worker, after what came before the first submit()."""
    orders.mark("before")
    with ThreadPoolExecutor(1, initializer=orders.mark, initargs=("initialized",)) as pool:
        pool.submit(orders.mark, "in it").result(30)
    assert orders.between("before", "initialized") == orders.between("initialized", "in it") == "signal"


def test_thread_pool(orders):
    """ThreadPool's tasks come after they were given, and before their results."""
    with multiprocessing.pool.ThreadPool(2) as pool:
        orders.mark("before")
        pool.apply(orders.mark, ("applied",))
        orders.mark("after apply")
        pool.map(orders.mark, ["mapped"])
        orders.mark("after map")
        for _ in pool.imap(orders.mark, ["imapped"]):
            orders.mark("after imap")
        pool.apply_async(orders.mark, ("called",), callback=lambda _: orders.mark("called back")).get(30)
    for name in ("applied", "mapped", "imapped"):
        assert orders.between("before", name) == "signal"
    assert orders.between("applied", "after apply") == orders.between("mapped", "after map") == "signal"
    assert orders.between("imapped", "after imap") == orders.between("called", "called back") == "signal"


def test_calls_into_a_loop(orders):
    """What a loop is given from another thread comes after that, and its results come back."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def work():
        orders.mark("coroutine")

    orders.mark("before")
    loop.call_soon_threadsafe(orders.mark, "callback")
    asyncio.run_coroutine_threadsafe(work(), loop).result(30)
    orders.mark("after")
    loop.call_soon_threadsafe(callback=loop.stop)
    thread.join()
    loop.close()
    assert orders.between("before", "callback") == orders.between("before", "coroutine") == "signal"
    assert orders.between("coroutine", "after") == "signal"


def test_calls_out_of_a_loop(orders):
    """to_thread() and run_in_executor() come after the await, and it returns after them."""

    async def main():
        orders.mark("before")
        await asyncio.to_thread(orders.mark, "in a thread")
        orders.mark("between")
        await asyncio.get_running_loop().run_in_executor(None, orders.mark, "in an executor")
        orders.mark("after")

    asyncio.run(main())
    assert orders.between("before", "in a thread") == orders.between("in a thread", "between") == "signal"
    assert orders.between("between", "in an executor") == orders.between("in an executor", "after") == "signal"


def test_callbacks_of_a_loop_look_as_before(orders):
    """A handle's callback has the name and the repr of what was given; what cannot be called is refused."""

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_debug(True)
        handle = loop.call_soon_threadsafe(print_nothing, 1)
        assert "print_nothing" in repr(handle)
        handle.cancel()
        with pytest.raises(TypeError):
            loop.call_soon_threadsafe(None)

    def print_nothing(_):
        pass

    asyncio.run(main())


def test_cached_function(orders, together, unseen):
    """A call that finds its answer in the cache comes after the call that put it there."""

    @functools.cache
    def compute(number):
        orders.mark("computed")
        return number

    together(lambda: (compute(1), unseen.go()), lambda: (unseen.wait(), compute(1), orders.mark("found")))
    assert orders.between("computed", "found") == "signal"
    assert compute.cache_info().hits == 1


@functools.lru_cache
def plain(number):
    """Give it back."""
    return number


def test_cached_function_looks_like_the_real_one(orders):
    """Attributes, methods, pickling and all three ways to decorate are those of lru_cache."""

    class Math:
        @functools.lru_cache(maxsize=3)  # noqa: B019
        def twice(self, number):
            """Twice."""
            return number * 2

        @staticmethod
        @functools.cache
        def thrice(number):
            return number * 3

    math = Math()
    assert (math.twice(2), math.twice(number=2), Math.thrice(2)) == (4, 4, 6)
    assert Math.twice.cache_parameters() == {"maxsize": 3, "typed": False}
    assert (Math.twice.__name__, Math.twice.__doc__) == ("twice", "Twice.")
    assert Math.twice.cache_info().misses == 2
    Math.twice.cache_clear()
    assert type(plain) is functools._lru_cache_wrapper
    assert isinstance(functools.lru_cache(abs), functools._lru_cache_wrapper)
    assert pickle.loads(pickle.dumps(plain)) is plain
