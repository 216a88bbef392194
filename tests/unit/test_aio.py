# SPDX-License-Identifier: MIT
"""owned.aio: what goes to other threads and comes back, and what a loop's thread owns."""

import asyncio
import concurrent.futures
import contextvars
import gc
import inspect
import sys
import threading
import warnings
import weakref

import pytest

import owned
import strictly
from guarded import Bag, Node
from owned import aio

VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


def grow(node, name="grown"):
    """Change what was given, and make something new."""
    node.name = name
    return node, Node("made there")


def fail(node):
    raise LookupError(node, Node("made there"))


# ---- to_thread -----------------------------------------------------------------------------------------------------


def test_to_thread_hands_over():
    """What was moved there and what was made there are the caller's."""

    async def main():
        node, made = await aio.to_thread(grow, owned.move(Node()), name="x")
        node.name += made.name
        await asyncio.create_task(asyncio.to_thread(lambda: None))
        return node.name

    assert asyncio.run(main()) == "xmade there"


def test_to_thread_claims_what_is_returned():
    """A parcel that the function returns arrives claimed."""

    async def main():
        node = await aio.to_thread(lambda: owned.move(Node("in a parcel")))
        return node.name

    assert asyncio.run(main()) == "in a parcel"


def test_to_thread_names_the_argument():
    """What may not pass is refused at once, by its name, and nothing runs."""

    async def main():
        node, ran = Node(), threading.Event()
        with pytest.raises(
            owned.WrongThreadError, match=r"argument 1 \('node'\) of grow\(\) is a Node, and it is private"
        ):
            await aio.to_thread(grow, node)
        with pytest.raises(TypeError, match="argument 'name' of grow") as caught:
            await aio.to_thread(grow, owned.move(node), name=[])
        assert "unguarded=" not in str(caught.value), "to_thread has no such option: all keywords are the function's"
        with pytest.raises(owned.WrongThreadError, match="the closure variable 'other'"):
            other = Node()
            await aio.to_thread(lambda: (other, ran.set()))
        assert not ran.is_set()

    asyncio.run(main())


def test_to_thread_has_the_context():
    """The function runs in a copy of the context."""

    def look():
        before = VARIABLE.get()
        VARIABLE.set("changed there")
        return before

    async def main():
        VARIABLE.set("mine")
        return await aio.to_thread(look), VARIABLE.get()

    assert asyncio.run(main()) == ("mine", "mine")


@pytest.mark.parametrize("call", ["to_thread", "run_in_executor", "a pool of ours"])
def test_exceptions_are_handed_over(call):
    """The caller owns what an exception brings along; neither its traceback nor the future keeps anything else."""

    async def main():
        node = Node()
        kept = weakref.ref(node)
        with concurrent.futures.ThreadPoolExecutor() as theirs, owned.ThreadPoolExecutor() as ours:
            with pytest.raises(LookupError) as caught:
                if call == "to_thread":
                    await aio.to_thread(fail, owned.move(node))
                else:
                    pool = theirs if call == "run_in_executor" else ours
                    await aio.run_in_executor(pool, fail, owned.move(node))
        assert [one.name for one in caught.value.args] == ["node", "made there"]
        caught.value.args = ()
        del node
        return kept

    kept = asyncio.run(main())
    gc.collect()
    assert kept() is None


def test_cancelled_while_the_thread_works():
    """The task is free at once; the thread goes on to its end, and strict mode says what became of its result."""
    started, end = threading.Event(), threading.Event()

    def work(node):
        started.set()
        assert end.wait(30)
        return node

    async def main():
        task = asyncio.create_task(aio.to_thread(work, owned.move(Node())))
        while not started.is_set():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        end.set()

    with strictly.mode(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(main())  # which waits for the threads of its executor
        gc.collect()
    assert [one.category for one in caught] == [owned.UnclaimedWarning]
    assert (
        "what test_cancelled_while_the_thread_works.<locals>.work() returned was handed over and nobody took it"
        in str(caught[0].message)
    )


def test_cancelled_before_the_thread_begins():
    """What nobody has begun is not begun, and its parcels can be claimed still."""
    end = threading.Event()
    pool = concurrent.futures.ThreadPoolExecutor(1)

    async def main():
        blocking = aio.run_in_executor(pool, end.wait, 30)
        parcel = owned.move(Node())
        waiting = aio.run_in_executor(pool, grow, parcel)
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        end.set()
        assert await blocking
        return parcel.claim().name

    with pool:
        assert asyncio.run(main()) == "node"


def test_cancelled_error_of_the_function():
    """A CancelledError that the function itself raises is an exception like any other."""

    def work():
        raise asyncio.CancelledError(Node())

    async def main():
        with pytest.raises(asyncio.CancelledError) as caught:
            await aio.to_thread(work)
        return caught.value.args[0].name

    assert asyncio.run(main()) == "node"


def test_default_executor_of_ours():
    """The loop's default executor may be a pool of ours, too."""

    async def main():
        asyncio.get_running_loop().set_default_executor(owned.ThreadPoolExecutor(1, "ours"))
        node, made = await aio.to_thread(grow, owned.move(Node()))
        return node.name, made.name, await aio.to_thread(lambda: threading.current_thread().name)

    assert asyncio.run(main()) == ("grown", "made there", "ours_0")


def test_signatures():
    """The arguments are those of asyncio's own, and ``unguarded`` where keywords are not the function's."""

    def parameters(function):
        return [(one.name, one.kind) for one in inspect.signature(function).parameters.values()]

    assert parameters(aio.to_thread) == parameters(asyncio.to_thread)
    theirs = [name for name, _ in parameters(asyncio.BaseEventLoop.run_in_executor)]
    assert [name for name, _ in parameters(aio.run_in_executor)] == [*theirs[1:], "unguarded"]
    theirs = [name for name, _ in parameters(asyncio.BaseEventLoop.call_soon_threadsafe)]
    assert [name for name, _ in parameters(aio.call_soon_threadsafe)] == ["loop", *theirs[1:], "unguarded"]


# ---- run_in_executor -----------------------------------------------------------------------------------------------


def test_run_in_executor_begins_at_once():
    """It is a future: the call begins whether it is awaited or not, and many run side by side."""
    barrier = threading.Barrier(3)

    def meet():
        barrier.wait(30)
        return Node(threading.current_thread().name)

    async def main():
        with concurrent.futures.ThreadPoolExecutor(3, "worker") as pool:
            futures = [aio.run_in_executor(pool, meet) for _ in range(3)]
            assert all(isinstance(one, asyncio.Future) for one in futures)
            return sorted([(await one).name for one in futures])

    assert asyncio.run(main()) == ["worker_0", "worker_1", "worker_2"]


def test_run_in_executor_unguarded():
    """What nobody guards is refused, wrapped or let pass, as one likes."""

    def add(items):
        items.append(owned.state(items))
        return items

    async def main():
        with pytest.raises(TypeError, match=r"argument 1 \('items'\) of .*add\(\) is a list.*unguarded='pass'"):
            aio.run_in_executor(None, add, [])
        wrapped = await aio.run_in_executor(None, add, [], unguarded="wrap")
        plain = await aio.run_in_executor(None, add, [], unguarded="pass")
        with pytest.raises(ValueError, match="`unguarded` must be one of"):
            aio.run_in_executor(None, add, [], unguarded="?")
        return owned.state(wrapped), list(wrapped), plain

    assert asyncio.run(main()) == ("private", ["private"], ["unguarded"])


def test_run_in_executor_of_ours():
    """A pool of ours judges by its own option, and hands over by itself."""

    async def main():
        with owned.ThreadPoolExecutor(1, unguarded="wrap") as pool:
            items = await aio.run_in_executor(pool, lambda items: items, [1])
        return owned.state(items), list(items)

    assert asyncio.run(main()) == ("private", [1])


def test_run_in_executor_of_processes():
    """What goes to processes is pickled: the call goes as it is."""

    class Recorder(concurrent.futures.ProcessPoolExecutor):
        def submit(self, *call):
            future = concurrent.futures.Future()
            future.set_result(call)
            return future

    async def main():
        return await aio.run_in_executor(Recorder(1), len, [1])

    assert asyncio.run(main()) == (len, [1])


def test_run_in_executor_needs_a_loop():
    """It is the loop's, so there has to be one."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        aio.run_in_executor(None, len, ())


# ---- call_soon_threadsafe ------------------------------------------------------------------------------------------


def in_thread(work):
    """Run a coroutine function's `work(loop, done)` in a thread, and wait until `done` is set in the loop."""

    async def main():
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        result = await asyncio.to_thread(work, loop, done)
        return result, await asyncio.wait_for(done, 30)

    return asyncio.run(main())


def test_callback_gets_what_is_in_the_parcel():
    """The loop's thread owns what was moved to it, also where the callback is asyncio's own."""

    def work(loop, done):
        return aio.call_soon_threadsafe(loop, done.set_result, owned.move(Node("moved")))

    handle, node = in_thread(work)
    assert isinstance(handle, asyncio.Handle)
    assert node.name == "moved"


def test_callback_of_the_loops_own_objects():
    """A callback may be bound to what the loop's thread owns, and get it: it is called there."""

    def work(loop, done):
        with pytest.raises(owned.WrongThreadError):
            front.nodes
        aio.call_soon_threadsafe(loop, Bag.__setattr__, front, "state", "written")
        aio.call_soon_threadsafe(
            loop, lambda node: (front.nodes.append(node), done.set_result(0)), owned.move(Node("new"))
        )

    front = Bag(nodes=[])
    in_thread(work)
    assert (front.nodes[0].name, front.state) == ("new", "written")


def test_callback_arguments_are_judged():
    """On the calling thread, with the argument named; then nothing is called."""

    def show(node):
        raise AssertionError("it was called")

    async def main():
        loop = asyncio.get_running_loop()
        claimed = owned.move(Node())
        claimed.claim()
        items = []
        for argument, kind, text in (
            (Node(), owned.WrongThreadError, r"argument 1 \('node'\) of .*show\(\) is a Node, and it is private to"),
            ([], TypeError, r"argument 1 \('node'\) of .*show\(\) is a list: it can change"),
            (claimed, owned.MovedError, r"argument 1 \('node'\) of .*show\(\) is a parcel that was claimed already"),
        ):
            with pytest.raises(kind, match=text):
                aio.call_soon_threadsafe(loop, show, argument)
        with pytest.raises(TypeError, match="the closure variable 'items'"):
            aio.call_soon_threadsafe(loop, lambda: items.append(1))
        with pytest.raises(TypeError, match="`callback` must be callable, got int"):
            aio.call_soon_threadsafe(loop, 3)
        with pytest.raises(ValueError, match="`unguarded` must be one of"):
            aio.call_soon_threadsafe(loop, show, unguarded=None)
        await asyncio.sleep(0)

    asyncio.run(main())


def test_callback_unguarded():
    """What nobody guards is wrapped, or let pass, as one likes."""

    async def main():
        loop, seen = asyncio.get_running_loop(), []
        aio.call_soon_threadsafe(loop, seen.append, [1], unguarded="pass")
        aio.call_soon_threadsafe(loop, lambda items: seen.append(items), [2], unguarded="pass")
        done = loop.create_future()
        aio.call_soon_threadsafe(loop, done.set_result, [3], unguarded="wrap")
        return seen, await done

    plain, wrapped = asyncio.run(main())
    assert plain == [[1], [2]]
    assert (owned.state(plain[0]), owned.state(wrapped), list(wrapped)) == ("unguarded", "private", [3])


def test_callback_that_is_cancelled():
    """A parcel whose callback was cancelled can be claimed by others."""

    async def main():
        parcel = owned.move(Node())
        handle = aio.call_soon_threadsafe(asyncio.get_running_loop(), print, parcel)
        handle.cancel()
        await asyncio.sleep(0)
        return parcel.claim().name

    assert asyncio.run(main()) == "node"


def test_callback_context():
    """The context is a copy of the caller's, or the one that is given."""

    async def main():
        loop, done = asyncio.get_running_loop(), asyncio.Queue()
        context = contextvars.copy_context()
        context.run(VARIABLE.set, "given")
        VARIABLE.set("caller's")
        aio.call_soon_threadsafe(loop, lambda: done.put_nowait(VARIABLE.get()))
        aio.call_soon_threadsafe(loop, lambda: done.put_nowait(VARIABLE.get()), context=context)
        return [await done.get(), await done.get()]

    assert asyncio.run(main()) == ["caller's", "given"]


def test_callback_in_debug_mode():
    """The debug mode of asyncio shows the callback's name."""

    async def main():
        handle = aio.call_soon_threadsafe(asyncio.get_running_loop(), grow, owned.move(Node()))
        return repr(handle)

    assert "call_soon_threadsafe(grow)" in asyncio.run(main(), debug=True)


def test_closed_loop():
    """A closed loop calls nothing, and says so; the parcel is the caller's still."""
    loop = asyncio.new_event_loop()
    loop.close()
    parcel = owned.move(Node())
    with pytest.raises(RuntimeError, match="closed"):
        aio.call_soon_threadsafe(loop, print, parcel)
    assert parcel.claim().name == "node"


# ---- Queue ---------------------------------------------------------------------------------------------------------


def test_queue_for_coroutines_that_know_asyncios():
    """The names of asyncio.Queue on this side, the channel on that of the threads."""

    async def worker(queue, results):
        while True:
            results.append((await queue.get()).name)

    async def main():
        queue, results = aio.Queue(2), []
        working = asyncio.create_task(worker(queue, results))
        await asyncio.to_thread(lambda: [queue.channel.put(Node(str(i))) for i in range(5)])
        await queue.put(Node("last"))
        while len(results) < 6:
            await asyncio.sleep(0)
        working.cancel()
        return results

    assert asyncio.run(main()) == ["0", "1", "2", "3", "4", "last"]


def test_queue_without_waiting():
    """Full and empty are asyncio's exceptions."""
    queue = aio.Queue(1)
    queue.put_nowait(1)
    assert (queue.qsize(), queue.full(), queue.empty(), queue.maxsize) == (1, True, False, 1)
    with pytest.raises(asyncio.QueueFull):
        queue.put_nowait(2)
    assert queue.get_nowait() == 1
    with pytest.raises(asyncio.QueueEmpty):
        queue.get_nowait()
    assert repr(queue) == f"<Queue of {queue.channel!r}>"


def test_queue_that_is_shut_down():
    """What is in it can be got; then it is asyncio's exception, where there is one."""
    shut_down = asyncio.QueueShutDown if sys.version_info >= (3, 13) else owned.ChannelClosed

    async def main():
        queue = aio.Queue(channel=owned.Channel(name="jobs"))
        await queue.put(1)
        queue.shutdown()
        with pytest.raises(shut_down, match="channel 'jobs' is closed"):
            await queue.put(2)
        assert await queue.get() == 1
        with pytest.raises(shut_down, match="channel 'jobs' is closed"):
            await queue.get()
        for refused in (lambda: queue.put_nowait(2), queue.get_nowait):
            with pytest.raises(shut_down, match="channel 'jobs' is closed"):
                refused()

    asyncio.run(main())


def test_queue_arguments():
    """One channel, or one limit."""
    with pytest.raises(TypeError, match="`channel` must be a Channel, got Queue"):
        aio.Queue(channel=asyncio.Queue())
    with pytest.raises(TypeError, match="leave one of them out"):
        aio.Queue(3, channel=owned.Channel())


# ---- looking -------------------------------------------------------------------------------------------------------


def test_task_of():
    """The task that has an object alone, seen from everywhere."""

    async def main():
        node = aio.task_private(Node())
        return [aio.task_of(node), aio.task_of(Node()), aio.task_of([])], asyncio.current_task(), node

    (mine, *others), task, node = asyncio.run(main())
    assert mine is task
    assert others == [None, None]
    assert aio.task_of(contextvars.copy_context().run(lambda: owned.task_private(Node()))) is None
    del mine, task
    gc.collect()
    assert aio.task_of(node) is None


# ---- what the loop's thread owns -----------------------------------------------------------------------------------


def test_owned_by_the_loops_thread():
    """In every task, callback, timer and context variable of the loop, and after it, its objects are its thread's."""
    node = Node("0")

    def count(*_):
        node.name = str(int(node.name) + 1)

    async def counting():
        count()
        await asyncio.sleep(0)
        count()

    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.gather(counting(), counting())
        async with asyncio.TaskGroup() as group:
            group.create_task(counting(), context=contextvars.copy_context())
        future = loop.create_future()
        future.add_done_callback(count)
        loop.call_soon(count)
        loop.call_later(0, lambda: (count(), future.set_result(None)))
        await future
        await asyncio.sleep(0)

    asyncio.run(main())
    assert node.name == "9"


def test_async_generators_that_the_loop_finalizes():
    """An async generator that is left half way is closed by the loop, in a task of its own, on its thread."""
    log = owned.List()

    async def numbers(name):
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            log.append(name)

    async def dropped():
        async for _ in numbers("dropped"):
            break

    async def main():
        await dropped()
        gc.collect()
        while not log:
            await asyncio.sleep(0)
        kept.append(numbers("kept to the end"))
        await anext(kept[0])

    kept = []
    asyncio.run(main())
    assert log == ["dropped", "kept to the end"]


def test_shutdown_of_the_loop():
    """What asyncio.run does at the end runs on the loop's thread: tasks that it cancels, and its executor."""
    log = owned.List()

    async def for_ever(name):
        try:
            await asyncio.Event().wait()
        finally:
            log.append(name)

    async def main():
        kept = [asyncio.create_task(for_ever("a")), asyncio.create_task(for_ever("b"))]
        await asyncio.sleep(0)
        log.append(len(kept))
        await aio.to_thread(int)

    asyncio.run(main())
    assert [log[0], *sorted(log[1:])] == [2, "a", "b"]


def test_signal_and_reader_callbacks():
    """The callbacks of sockets run on the loop's thread."""
    import socket

    node = Node()

    async def main():
        done = asyncio.get_running_loop().create_future()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            loop = asyncio.get_running_loop()
            loop.add_reader(
                ours, lambda: (node.rename(ours.recv(9).decode()), loop.remove_reader(ours), done.set_result(0))
            )
            await asyncio.to_thread(theirs.sendall, b"read")
            await done

    asyncio.run(main())
    assert node.name == "read"
