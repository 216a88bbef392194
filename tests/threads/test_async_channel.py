# SPDX-License-Identifier: MIT
"""Channels between event loops and threads: nothing lost, nothing stuck, whoever gives up and in which order."""

import asyncio
import contextlib
import gc
import itertools
import os
import sys
import threading
import weakref

import pytest

import owned
from crowd import crowd
from guarded import Node
from owned import Channel
from waiting import Waiter

STRESS = int(os.environ.get("OWNED_STRESS", "1"))


def run(main):
    """asyncio.run, in which hanging is a failure."""
    return asyncio.run(asyncio.wait_for(main, 60))


async def turns(count=5):
    """Let everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


@contextlib.contextmanager
def thread(function, *args):
    """A thread that has ended when the block does."""
    errors = []

    def run():
        try:
            function(*args)
        except BaseException as error:
            errors.append(error)

    one = threading.Thread(target=run, daemon=True)
    one.start()
    yield one
    one.join(30)
    assert not one.is_alive(), "the thread hangs"
    if errors:
        raise errors[0]


def test_both_directions():
    """An asyncio front and a thread behind: each owns what it got, and what it gave is gone."""
    requests, answers = Channel(2, name="requests"), Channel(name="answers")

    def serve():
        with answers:
            for node in requests:
                node.name += " served"
                node.children.append(Node("made behind"))
                answers.put(node)
                with pytest.raises((owned.MovedError, owned.WrongThreadError)):  # on its way, or there
                    node.name

    async def ask():
        nodes = [Node(str(i)) for i in range(9)]
        with requests:
            for node in nodes:
                await requests.aput(node)
        return nodes

    async def main():
        asking = asyncio.create_task(ask())
        got = [node async for node in answers]
        assert [node is sent for node, sent in zip(got, await asking, strict=True)] == [True] * 9
        return [(node.name, node.children[0].name) for node in got]

    with thread(serve):
        assert run(main()) == [(f"{i} served", "made behind") for i in range(9)]


def test_waiting_does_not_block_the_loop():
    """While a task waits to get, or to put, the others run."""
    channel = Channel(1)

    async def main():
        getting = asyncio.create_task(channel.aget())
        await turns()
        assert not getting.done()
        channel.put(1)
        assert await getting == 1
        channel.put(2)
        putting = asyncio.create_task(channel.aput(3))
        await turns()
        assert not putting.done()
        assert (channel.get(), await putting, channel.get()) == (2, None, 3)

    run(main())


def test_what_is_there_is_got_at_once():
    """Neither a get nor a put that need not wait gives up its turn."""
    channel = Channel()

    async def main():
        ran = []
        asyncio.get_running_loop().call_soon(ran.append, "another")
        await channel.aput(1)
        assert await channel.aget() == 1
        assert ran == []

    run(main())


@pytest.mark.parametrize("how", ["cancel", "timeout", "wait_for"])
def test_giving_up_takes_nothing(how):
    """A get that is given up leaves the next item to others."""
    channel = Channel()

    async def main():
        if how == "cancel":
            getting = asyncio.create_task(channel.aget())
            await turns()
            getting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await getting
        else:
            with pytest.raises(TimeoutError):
                if how == "timeout":
                    async with asyncio.timeout(0):
                        await channel.aget()
                else:
                    await asyncio.wait_for(channel.aget(), 0.001)
        channel.put("item")
        return channel.get_nowait()

    assert run(main()) == "item"


def test_woken_and_cancelled_getter_wakes_the_next():
    """A getter that was woken, and is cancelled before its turn, lets the next one have the item."""
    channel = Channel()

    async def main():
        first, second = (asyncio.create_task(channel.aget()) for _ in range(2))
        await turns()
        channel.put("item")
        first.cancel()
        async with asyncio.timeout(30):
            assert await second == "item"
        assert first.cancelled()

    run(main())


def test_woken_and_cancelled_putter_wakes_the_next():
    """The same for putters: the room is another's, and the item stays the task's that gave up."""
    channel = Channel(1)

    async def main():
        nodes = [Node("a"), Node("b")]
        channel.put("first")
        first, second = (asyncio.create_task(channel.aput(node)) for node in nodes)
        await turns()
        assert channel.get() == "first"
        first.cancel()
        async with asyncio.timeout(30):
            await second
        nodes[0].name = "still mine"
        assert channel.get() is nodes[1]

    run(main())


def test_cancelled_task_wakes_a_thread():
    """Threads and tasks stand in one queue: a thread gets what a cancelled task was woken for."""
    channel = Channel()
    got = []

    async def main():
        first = asyncio.create_task(channel.aget())
        await turns()
        with thread(lambda: got.append(channel.get(timeout=30))):
            channel.put("item")
            first.cancel()
            await asyncio.wait([first])

    run(main())
    assert got == ["item"]


@contextlib.contextmanager
def ended_at_last(channel):
    """A thread that hangs in the block, which is a failure, does not hang for ever."""
    try:
        yield
    except BaseException:
        channel.close()
        raise


def left_waiting(channel, count):
    """Tasks that wait to get, of a loop that was closed: they will never run. To be given to ``forget``."""
    loop = asyncio.new_event_loop()
    waits = [channel.aget() for _ in range(count)]
    tasks = [loop.create_task(wait) for wait in waits]
    loop.run_until_complete(turns())
    loop.close()
    return waits, tasks


def forget(waits, tasks):
    """Let them die without a word."""
    while waits:
        tasks.pop()._log_destroy_pending = False
        with contextlib.suppress(RuntimeError):
            waits.pop().close()


@pytest.mark.parametrize("count", [1, 2 * sys.getrecursionlimit()])
def test_loop_that_was_closed(count):
    """Tasks whose loop was closed while they waited: what the first is woken for goes to the next who can run."""
    channel = Channel()
    left = left_waiting(channel, count)
    behind = Waiter(channel.get)
    channel.put("item")
    with ended_at_last(channel):
        assert (behind.end(), behind.waited) == ("item", True)
    forget(*left)


def test_a_put_that_is_refused_later_wakes_the_next():
    """A task that was woken to put, and has nothing to put any more: the room is the next one's."""
    channel = Channel(1)

    async def main():
        channel.put("first")
        parcel = owned.move(Node())
        putting = asyncio.create_task(channel.aput(parcel))
        await turns()
        behind = Waiter(channel.put, "second")
        parcel.claim()
        assert channel.get() == "first"
        with pytest.raises(owned.MovedError, match="has been claimed"):
            await putting
        with ended_at_last(channel):
            behind.end()
        assert behind.waited

    run(main())
    assert channel.get_nowait() == "second"


def test_close_wakes_everybody():
    """Getters and putters that wait get a ChannelClosed, and a putter keeps its item."""

    async def main():
        empty, full = Channel(name="empty"), Channel(1, name="full")
        full.put(1)
        node = Node()
        waiting = [asyncio.create_task(one) for one in (empty.aget(), empty.aget(), full.aput(node), full.aput(2))]
        await turns()
        with thread(lambda: (empty.close(), full.close())):
            results = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 30)
        assert [type(one) for one in results] == [owned.ChannelClosed] * 4
        node.name = "kept"
        assert await full.aget() == 1

    run(main())


def test_iteration_ends_when_closed_and_drained():
    """Async for takes what is left, then ends; after a break the rest is still there."""

    async def main():
        channel = Channel()
        for i in range(4):
            channel.put(i)
        channel.close()
        async for item in channel:
            if item == 1:
                break
        return [item async for item in channel]

    assert run(main()) == [2, 3]


def test_what_may_not_pass_is_refused():
    """Aput judges as put does, before anything is waited for."""

    async def main():
        channel = Channel()
        with pytest.raises(TypeError, match="nobody guards"):
            await channel.aput([1])
        wrapping = Channel(unguarded="wrap")
        await wrapping.aput([1])
        assert (await wrapping.aget()) == [1]

    run(main())


def test_task_private_item():
    """What is private to a task is the task's to put; another task's is not."""

    async def other(node):
        with pytest.raises(owned.WrongTaskError):
            await channel.aput(node)

    async def main():
        node = owned.task_private(Node())
        await asyncio.create_task(other(node))
        await channel.aput(node)
        assert (await asyncio.create_task(channel.aget())) is node
        node.name = "the thread's again"

    channel = Channel()
    run(main())


def test_waiting_leaves_nothing_behind():
    """Neither the channel nor its items are kept by gets that were given up or served."""

    async def main():
        channel = Channel()
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await channel.aget()
        getting = asyncio.create_task(channel.aget())
        await turns()
        node = Node()
        kept = weakref.ref(channel), weakref.ref(node)
        channel.put(node)
        await getting
        return kept

    channel, node = run(main())
    gc.collect()
    assert (channel(), node()) == (None, None)


def test_several_loops_and_threads():
    """Loops and threads, giving and taking at once: each item arrives once, and its getter owns it."""
    count = 20 * STRESS
    channel = Channel(3)
    got = [[] for _ in range(4)]
    takers = threading.Barrier(4)

    async def give(number):
        for i in range(count):
            await channel.aput(Node(f"{number}/{i}"))

    async def take(into):
        takers.wait(30)
        async for node in channel:
            node.name += "!"
            into.append(node.name)

    def take_in_thread(into):
        takers.wait(30)
        for node in channel:
            node.name += "!"
            into.append(node.name)

    def give_in_thread(number):
        for i in range(count):
            channel.put(Node(f"{number}/{i}"), timeout=30)

    giving = [4]
    closing = threading.Lock()

    def work(number):
        if number < 2:
            run(take(got[number]))
        elif number < 4:
            take_in_thread(got[number])
        else:
            run(give(number)) if number < 6 else give_in_thread(number)
            with closing:
                giving[0] -= 1
                if giving[0] == 0:
                    channel.close()

    crowd(8, work)
    assert sorted(itertools.chain(*got)) == sorted(f"{number}/{i}!" for number in range(4, 8) for i in range(count))


def test_getters_that_give_up_at_any_moment():
    """While threads put, getters are cancelled at every point of their way: each item is got once."""
    count = 60 * STRESS
    channel = Channel()
    got = []

    async def get():
        got.append(await channel.aget())

    def put():
        for i in range(count):
            channel.put(i)

    async def main():
        rounds = 0
        while len(got) < count:
            getters = [asyncio.create_task(get()) for _ in range(4)]
            await turns(rounds % 4)
            for getter in getters[rounds % 3 :: 2]:
                getter.cancel()
            await turns(2)
            for getter in getters:
                getter.cancel()
            await asyncio.wait(getters)
            rounds += 1
        return rounds

    with thread(put):
        assert run(main()) > 1
    assert sorted(got) == list(range(count))
