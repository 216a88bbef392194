# SPDX-License-Identifier: MIT
"""Other threads at what is private to a task, while the task works with it, hands it over, and ends."""

import asyncio
import os
import threading

import owned
import owned.aio
from crowd import crowd
from guarded import Node

STRESS = int(os.environ.get("OWNED_STRESS", "1"))
THREADS = 3


def test_others_are_refused_while_the_task_goes_on():
    """Every touch of another thread, in a task of its own or in none, is refused; the owner loses no update."""
    rounds = 25 * STRESS
    seen, done = [0] * THREADS, threading.Event()
    started, ended = threading.Barrier(THREADS + 1), threading.Barrier(THREADS + 1)
    box = []

    async def intrude(number):
        while not done.is_set():
            for touch in (lambda: box[0].name, lambda: box[0].children.append(1), lambda: owned.adopt(box[0])):
                try:
                    touch()
                except (owned.WrongTaskError, owned.MovedError, owned.WrongThreadError):
                    seen[number] += 1
            owned.state(box[0]), owned.owner(box[0]), owned.explain(box[0]), repr(box[0]), owned.aio.task_of(box[0])
            await asyncio.sleep(0)

    async def work():
        node = owned.task_private(Node("0"))
        box.append(node)
        await asyncio.to_thread(started.wait, 30)
        i = 0
        while i < rounds or not all(seen):
            node.name = str(int(node.name) + 1)
            await asyncio.sleep(0)
            if i % 7 == 0:
                node = owned.task_private(owned.move(node).claim())
            i += 1
        done.set()
        await asyncio.to_thread(ended.wait, 30)  # while the task lives
        return node.name == str(i), list(node.children)

    def run(number):
        if number == THREADS:
            results.append(asyncio.run(work()))
        else:
            started.wait(30)
            if number == 0:
                asyncio.run(intrude(number))
            else:  # the same without a loop
                coroutine = intrude(number)
                while not done.is_set():
                    try:
                        coroutine.send(None)
                    except StopIteration:
                        break
                coroutine.close()
            ended.wait(30)

    results = []
    crowd(THREADS + 1, run)
    assert results == [(True, [])]
    assert all(seen)


def test_one_adopts_what_an_ended_task_left():
    """Of many threads that adopt a Region of an ended task at once, one has it."""
    for _ in range(5 * STRESS):
        region = owned.Region()
        with region:
            node = Node("left")

        async def end(region=region):
            owned.task_private(region)

        asyncio.run(end())
        winners = []
        tried = threading.Barrier(THREADS)  # what a thread has adopted and left could be adopted again

        def adopt(_number, region=region, node=node, winners=winners, tried=tried):
            try:
                owned.adopt(region)
                node.name = "adopted"
                winners.append(threading.get_ident())
            except (owned.WrongThreadError, owned.OrphanedError):
                pass
            tried.wait(30)

        crowd(THREADS, adopt)
        assert len(winners) == 1
