# SPDX-License-Identifier: MIT
"""Real processes: queues, pipes, pools, executors and managers, by fork, forkserver and spawn, in every mode."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import owned
import strictly
from checkout import ROOT
from commandline import run_python
from owned import State, move, owner, state
from travellers import Order, Plain, Session, answer, answer_claim, answer_pipe, double, double_moved, whose

FORK = pytest.param(
    "fork",
    marks=[
        pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
        pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
    ],
)
fork = pytest.mark.parametrize("method", [FORK])
MINE = ("private", "MainThread", "MainThread")


@fork
@pytest.mark.parametrize("number", range(4), ids=["off", "guard", "checked", "strict"])
@pytest.mark.parametrize("kind", ["Queue", "JoinableQueue", "SimpleQueue"])
def test_queues(method: str, kind: str, number: int) -> None:
    """What is put is a copy of that moment, private to the main thread there; a parcel goes away."""
    context = multiprocessing.get_context(method)
    with strictly.mode(number):
        orders, answers = getattr(context, kind)(), getattr(context, kind)()
        process = context.Process(target=answer, args=(orders, answers))
        process.start()
        order, moved = Order(5), Order(7)
        orders.put(order)
        order.total = 100
        parcel = move(moved, to=process)
        orders.put(parcel)
        with pytest.raises(owned.MovedError, match="went to another process"):
            orders.put(parcel)
        with pytest.raises(owned.TravelError, match=r"^tuple\[1\]\.session\.handle: a generator cannot travel"):
            orders.put((1, Order(1, Session(i for i in ()))))
        orders.put(None)
        results = [answers.get() for _ in range(2)]
        process.join(30)
    assert process.exitcode == 0
    assert [(result.total, result.items) for result, _there in results] == [(10, [5, 10]), (14, [7, 14])]
    assert number == 0 or [there for _result, there in results] == [MINE, MINE]
    assert number == 0 or {state(result) for result, _there in results} == {State.PRIVATE}


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_ways_to_start(method: str) -> None:
    """A parcel among the arguments goes along; one to the process is claimed there; locks are refused with the path."""
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip("not here")
    context = multiprocessing.get_context(method)
    here, there = context.Pipe()
    moved = Order(3)
    arguments = [Order(2)]
    process = context.Process(target=answer_pipe, args=arguments, kwargs={"connection": there})
    parcel = move(moved, to=process)
    process.parcel = parcel  # it goes along with the process, as its attributes do
    process.start()
    there.close()
    with pytest.raises(owned.MovedError, match="went to another process"):
        parcel.claim()
    assert here.poll(30)
    assert here.recv() == (MINE, 4, 6)
    process.join(30)
    assert process.exitcode == 0
    process.close()
    with pytest.raises(owned.OwnershipError, match="has ended"):
        move(Order(), to=process)
    with pytest.raises(owned.TravelError, match=r"_args\[0\]\.session: a Lock cannot travel to another process"):
        context.Process(target=double, args=(Order(1, owned.Lock()),)).start()


@fork
def test_a_forked_process_takes_parcels_along(method: str) -> None:
    """Nothing is pickled: what the calling thread has is its own there, and a parcel is claimed there and not here."""
    context = multiprocessing.get_context(method)
    answers = context.SimpleQueue()
    order, moved = Order(2), Order(3)
    parcel, kept = move(moved), move(Order(4), to=threading.current_thread())
    process = context.Process(target=answer_claim, args=(order, Plain(parcel=parcel, kept=kept).parcel, answers))
    process.start()
    assert answers.get() == (MINE, 4, 6)
    process.join(30)
    with pytest.raises(owned.MovedError, match=r"went to another process: start\(Order\) at .*test_processes.py"):
        parcel.claim()
    assert (order.total, kept.claim().total) == (2, 4)


@fork
def test_a_pipe(method: str) -> None:
    """send() pickles on the caller's thread, recv() unpickles there; a refused message leaves the parcel as it was."""
    here, there = multiprocessing.get_context(method).Pipe()
    parcel = move(Order(1))
    with pytest.raises(owned.TravelError, match=r"^list\[1\]\.session: a Lock cannot travel"):
        here.send([parcel, Order(2, owned.Lock())])
    assert "unclaimed" in repr(parcel)
    here.send([parcel, Order(2)])
    parcel, order = there.recv()
    assert (parcel.claim().total, order.total, state(order)) == (1, 2, State.PRIVATE)
    with pytest.raises(TypeError, match="cannot pickle") as caught:
        here.send(i for i in ())
    assert not isinstance(caught.value, owned.OwnershipError)  # nothing guarded: as ever


@fork
def test_a_full_queue_leaves_the_parcel_as_it_was(method: str) -> None:
    """And a closed one."""
    orders = multiprocessing.get_context(method).Queue(1)
    orders.put(1)
    parcel = move(Order(1))
    with pytest.raises(queue.Full):
        orders.put(parcel, block=False)
    assert orders.get() == 1
    orders.close()
    orders.join_thread()
    with pytest.raises(ValueError, match="closed"):
        orders.put(parcel)
    assert parcel.claim().total == 1


@fork
def test_plain_messages_are_as_ever(method: str) -> None:
    """What holds nothing guarded is pickled when it always was: late, on the feeder thread."""
    orders = multiprocessing.get_context(method).Queue()
    pickled_by: list[str] = []

    class Told:
        def __reduce__(self) -> Any:
            pickled_by.append(threading.current_thread().name)
            return int, (3,)

    orders.put(Told())
    assert orders.get() == 3
    orders.put([Told(), Order(1)])
    orders.get()
    orders.put(vars(Plain(told=Told(), order=Order(1))))
    orders.get()
    assert [name == "MainThread" for name in pickled_by] == [False, True, True]
    orders.close()


@fork
@pytest.mark.parametrize("number", [1, 3], ids=["guard", "strict"])
def test_a_pool(method: str, number: int) -> None:
    """Arguments are pickled by the caller, results belong to whoever touches them first."""
    context = multiprocessing.get_context(method)
    with strictly.mode(number), context.Pool(1) as pool:
        assert pool.apply(double, (Order(2),)).double().total == 8
        assert pool.apply(Order(3).double).double().total == 12
        assert [each.double().total for each in pool.map(double, [Order(1), Order(2)])] == [4, 8]
        assert [each.double().total for each in pool.imap(double, [Order(1), Order(2)])] == [4, 8]
        assert [each.total for each in pool.imap(double, (Order(i) for i in (1, 2)))] == [2, 4]
        assert pool.apply(double_moved, (move(Order(4)),)).claim().total == 8
        assert pool.apply(whose, (Order(1),)) == MINE
        with pytest.raises(owned.TravelError, match=r"^Order\.session: a Lock cannot travel"):
            pool.apply_async(double, (Order(1, owned.Lock()),))


def test_a_thread_pool_is_left_alone() -> None:
    """Its threads are of this process: nothing is pickled."""
    from multiprocessing.pool import ThreadPool

    shared = owned.share(Order(2), lock=owned.RLock())
    with ThreadPool(1) as pool:
        assert pool.apply(id, (shared,)) == id(shared)
        assert pool.map(id, [shared]) == list(pool.imap(id, [shared])) == [id(shared)]


@fork
@pytest.mark.parametrize("number", [1, 3], ids=["guard", "strict"])
def test_an_executor(method: str, number: int, elsewhere: Any) -> None:
    """What comes back was unpickled by a helper thread; it belongs to who touches it first, with all its message."""
    context = multiprocessing.get_context(method)
    with strictly.mode(number), ProcessPoolExecutor(1, mp_context=context) as executor:
        future = executor.submit(double, Order(2))
        order = future.result(30)
        assert state(order) is State.IN_TRANSIT
        assert owner(order) is None
        order.total += 1
        assert (state(order), owner(order).name, order.items, state(order.items)) == (*MINE[:2], [2, 4], State.PRIVATE)
        with pytest.raises(owned.WrongThreadError):
            elsewhere(setattr, future.result(), "total", 1)
        assert elsewhere(lambda: executor.submit(double, Order(3)).result(30).double().total) == 12
        assert [each.double().total for each in executor.map(double, [Order(1), Order(2)], chunksize=2)] == [4, 8]
        assert executor.submit(double_moved, move(Order(4))).result(30).claim().total == 8
        assert executor.submit(double, order=Order(5)).result(30).total == 10
        with pytest.raises(owned.TravelError, match=r"^Order\.session: a Lock cannot travel"):
            executor.submit(double, Order(1, owned.Lock()))
        results = [executor.submit(double, Order(i)).result(30) for i in range(4)]
    assert state(owned.share(results[0])) is State.SHARED
    assert state(owned.freeze(results[1])) is State.FROZEN
    assert move(results[2]).claim().total == 4
    box = owned.share(owned.List(), lock=owned.RLock())
    with owned.locked(box):
        box.append(results[3])
    assert state(results[3]) is State.SHARED


@fork
def test_a_manager(method: str) -> None:
    """Its server keeps what several threads send, and gives copies to each of them."""
    with multiprocessing.get_context(method).Manager() as manager:
        orders, table = manager.list([Order(1)]), manager.dict()
        others = [threading.Thread(target=lambda i=i: orders.append(Order(i))) for i in (2, 3)]
        for thread in others:
            thread.start()
            thread.join(30)
        table["order"] = owned.freeze(Order(4))
        assert [(each.total, state(each)) for each in orders] == [(i, State.PRIVATE) for i in (1, 2, 3)]
        assert (table["order"].total, state(table["order"])) == (4, State.FROZEN)
        orders.append(move(Order(5)))
        assert orders.pop().claim().total == 5
        with pytest.raises(owned.TravelError, match=r"\.session: a Lock cannot travel"):
            orders.append(Order(1, owned.Lock()))


@fork
def test_what_a_fork_sees(method: str) -> None:
    """Its own thread's objects stay its own, those of the other threads are orphaned, and parcels can be claimed."""
    mine, theirs, ready, done = Order(1), [], threading.Event(), threading.Event()

    def keep() -> None:
        theirs.append(Order(2))
        ready.set()
        done.wait(30)

    thread = threading.Thread(target=keep, name="keeper")
    thread.start()
    assert ready.wait(30)
    parcel = move(Order(3), to=thread)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            mine.double()
            assert (state(theirs[0]), owner(theirs[0]).name) == (State.ORPHANED, "keeper")
            with pytest.raises(owned.OrphanedError, match="thread 'keeper', whose it was, has ended"):
                theirs[0].total
            owned.adopt(theirs[0]).double()
            assert owned.adopt(parcel).claim().total == 3
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (mine.total, state(theirs[0]), state(parcel)) == (1, State.PRIVATE, State.UNGUARDED)
    done.set()
    thread.join(30)


LOCKS = [owned.Lock, owned.RLock, owned.RWLock, owned.Condition, owned.Semaphore, owned.BoundedSemaphore]
LOCKS += [lambda: owned.Lock() + owned.RLock(), owned.Channel, owned.AtomicInt, owned.Once, owned.Region]


@pytest.mark.parametrize("make", LOCKS)
def test_what_belongs_to_one_process(make: Any) -> None:
    """Every kind of lock, and whatever else connects threads, is refused with its path and the way out."""
    here, _there = multiprocessing.Pipe()
    made = make()
    expected = rf"^Order\.session\.handle: an? {type(made).__name__} cannot travel to another process \(.*\)\. \w+"
    with pytest.raises(owned.TravelError, match=expected):
        here.send(Order(1, Session(made)))


def test_the_program_of_the_docs(tmp_path: Path) -> None:
    """It prints what the page says, with spawn, and makes no violation."""
    page = (ROOT / "docs" / "processes.md").read_text()
    outcome = run_python(str(ROOT / "docs" / "examples" / "processes" / "orders.py"), cwd=tmp_path)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert f"```text\n{outcome.stdout}```" in page
