# SPDX-License-Identifier: MIT
"""Pools and threads under many threads: every object has one owner at a time, and nothing is lost."""

from __future__ import annotations

import concurrent.futures
import os
import queue
import threading
from typing import Any

import pytest

import owned
from crowd import crowd
from guarded import Bag, Node
from owned import State, Thread, ThreadPoolExecutor, _core, move

TOUCHES = int(os.environ.get("OWNED_TOUCHES", "100"))


def count_up(node: Any) -> Any:
    """One more touch."""
    node.name += 1
    return node


def test_an_object_goes_round() -> None:
    """Several threads hand their objects to one pool and get them back, changed: no change is lost."""
    done = []
    meeting = threading.Barrier(4)  # two tasks and two who submitted them: they were at work at once

    def meet(node: Any) -> Any:
        meeting.wait(30)
        return node

    with ThreadPoolExecutor(2, unguarded="pass") as pool:

        def work(number: int) -> None:
            future = pool.submit(meet, move(Node(0)))  # type: ignore[arg-type]
            meeting.wait(30)
            node = future.result()
            for _ in range(TOUCHES):
                node = pool.submit(count_up, move(node)).result()
                node.name += 1
            done.append(node.name)

        crowd(2, work)
    assert done == [2 * TOUCHES] * 2


def test_one_of_many_takes_the_result() -> None:
    """Eight threads ask for the same result at once: one may touch it, seven are refused."""
    for _ in range(max(1, TOUCHES // 20)):
        mine, refused = queue.SimpleQueue[str](), queue.SimpleQueue[str]()
        go = threading.Event()
        with ThreadPoolExecutor(1, unguarded="pass") as pool:
            future = pool.submit(lambda go=go: go.wait(30) and Bag(items=[Node()]))
            asked = threading.Barrier(8)

            def ask(
                number: int, future: Any = future, go: Any = go, asked: Any = asked, to: Any = (mine, refused)
            ) -> None:
                if number == 0:
                    go.set()
                bag = future.result(30)
                asked.wait(30)
                try:
                    bag.items[0].name = str(number)
                    to[0].put(bag.items[0].name)
                except owned.WrongThreadError:
                    to[1].put(str(number))
                asked.wait(30)  # the owner lives until all have tried

            crowd(8, ask)
        assert (mine.qsize(), refused.qsize()) == (1, 7)


@pytest.mark.parametrize("run", ["run_apart", "run_here"])
def test_a_task_runs_once(run: str) -> None:
    """Of threads that run one task at the same time one makes the call, and the others are refused while it runs."""
    for _ in range(max(5, TOUCHES // 10)):
        refused, started = threading.Semaphore(0), []

        def call(node: Any, refused: Any = refused, started: Any = started) -> Any:
            started.append(node)
            for _ in range(3):
                assert refused.acquire(timeout=30)
            return node

        task = _core.Task(call, (move(Node()),), None, "pass")
        got: list[Any] = []

        def work(_number: int, task: Any = task, refused: Any = refused, got: Any = got) -> None:
            try:
                got.append(getattr(task, run)())
            except RuntimeError as error:
                assert str(error) == "this task has run already, or runs: a task runs once"
                refused.release()

        crowd(4, work)
        assert got == started and len(got) == 1
        assert task.arrive() is (run == "run_apart")
        assert owned.state(got[0]) is (State.PRIVATE if run == "run_apart" else State.ORPHANED)
        with pytest.raises(RuntimeError, match="a task runs once"):
            getattr(task, run)()


def test_one_of_many_opens_a_returned_parcel() -> None:
    """All of them get the object, and none the parcel."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: move(Node()))
        got = queue.SimpleQueue[Any]()
        crowd(8, lambda _: got.put(future.result(30)))
    assert {id(got.get()) for _ in range(8)} == {id(future.result())}


def test_one_of_many_inherits() -> None:
    """Eight threads join a thread at once: one may touch what it left, seven are refused, but not by join()."""
    for _ in range(max(1, TOUCHES // 20)):
        mine, refused = queue.SimpleQueue[int](), queue.SimpleQueue[int]()
        go, asked = threading.Event(), threading.Barrier(8)
        thread = Thread(target=lambda go=go: go.wait(30) and Node())
        thread.start()

        def ask(number: int, thread: Any = thread, go: Any = go, asked: Any = asked, to: Any = (mine, refused)) -> None:
            if number == 0:
                go.set()
            node = thread.result(30)
            asked.wait(30)
            try:
                node.name = "mine"
                to[0].put(number)
            except owned.OwnershipError:
                to[1].put(number)
            asked.wait(30)

        crowd(8, ask)
        assert (mine.qsize(), refused.qsize()) == (1, 7)


def test_tasks_that_store_in_what_is_shared() -> None:
    """What they stored is there, and shared; what they returned is the taker's."""
    registry = owned.share(owned.List([]))

    def work(registry: Any, number: int) -> Any:
        with owned.locked(registry):
            registry.append(Node(str(number)))
        return Node(str(number))

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(work, registry, i) for i in range(TOUCHES)]
        names = sorted(int(future.result().name) for future in concurrent.futures.as_completed(futures))
    with owned.locked(registry):
        stored = sorted(int(node.name) for node in registry)
    assert names == stored == list(range(TOUCHES))


def test_shut_down_with_work_in_it() -> None:
    """While others submit: what was accepted is done, what was refused or cancelled keeps its parcel."""
    kept = queue.SimpleQueue[Any]()
    begun = threading.Barrier(5)

    def submit(number: int) -> None:
        begun.wait(30)
        for _ in range(TOUCHES):
            parcel = move(Node(0))  # type: ignore[arg-type]
            try:
                future = pool.submit(count_up, parcel)
            except RuntimeError:
                kept.put(parcel.claim().name)
                return
            try:
                kept.put(future.result(30).name - 1)
            except concurrent.futures.CancelledError:
                kept.put(parcel.claim().name)

    pool = ThreadPoolExecutor(2)
    helper = threading.Thread(target=lambda: (begun.wait(30), pool.shutdown(cancel_futures=True)))
    helper.start()
    crowd(4, submit)
    helper.join(30)
    assert not helper.is_alive()
    assert kept.qsize() >= 4 and all(kept.get() == 0 for _ in range(kept.qsize()))


@pytest.mark.parametrize("kind", ["thread", "pool"])
def test_threads_one_after_another(kind: str) -> None:
    """Each hands its object to the next."""
    node = Node(0)  # type: ignore[arg-type]
    for _ in range(TOUCHES // 2):
        if kind == "thread":
            thread = Thread(target=count_up, args=(move(node),))
            thread.start()
            node = thread.result()
        else:
            with ThreadPoolExecutor(1) as pool:
                node = pool.submit(count_up, move(node)).result()
    assert node.name == TOUCHES // 2
