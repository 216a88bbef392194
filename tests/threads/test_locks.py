# SPDX-License-Identifier: MIT
"""Lock and RLock under many threads, across fork, and at the end of the interpreter."""

import os
import threading

import pytest

import owned
from locks import LIMIT, join
from owned import _core
from programs import run_program

BOTH = pytest.mark.parametrize("kind", [owned.Lock, owned.RLock])
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@BOTH
def test_increments(kind):
    """8 threads, 10,000 increments each of one shared counter: none is lost, none is refused."""

    @owned.owned
    class Counter:
        def __init__(self):
            self.value = 0

    lock = kind()
    counter = owned.share(Counter(), lock=lock)
    start = threading.Barrier(8)

    def count():
        start.wait(LIMIT)
        for _ in range(10_000):
            with lock:
                counter.value += 1

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    with lock:
        assert counter.value == 80_000


@BOTH
def test_mutual_exclusion(kind):
    """Never two threads inside: every way to acquire, mixed, and each finds the place empty."""
    lock = kind()
    start = threading.Barrier(8)
    inside = []
    crowded = []

    def work(i):
        start.wait(LIMIT)
        for round_ in range(2000):
            way = (i + round_) % 3
            if way == 0:
                lock.acquire()
            elif way == 1:
                while not lock.acquire(False):
                    pass
            else:
                while not lock.acquire(timeout=0.001):
                    pass
            inside.append(i)
            if len(inside) != 1 or not lock._is_owned():
                crowded.append(i)
            inside.pop()
            lock.release()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    assert not crowded
    assert not lock.locked()


@BOTH
def test_condition_queue(kind):
    """A bounded queue over threading.Condition: 4 producers, 4 consumers, everything arrives once."""
    cond = threading.Condition(kind())
    queue = owned.share(owned.List(), lock=cond)
    got = [[] for _ in range(4)]

    def produce(i):
        for n in range(500):
            with cond:
                assert cond.wait_for(lambda: len(queue) < 10, LIMIT)
                queue.append((i, n))
                cond.notify_all()

    def consume(i):
        while True:
            with cond:
                assert cond.wait_for(lambda: queue, LIMIT)
                item = queue.pop(0)
                cond.notify_all()
            if item is None:
                return
            got[i].append(item)

    producers = [threading.Thread(target=produce, args=(i,)) for i in range(4)]
    consumers = [threading.Thread(target=consume, args=(i,)) for i in range(4)]
    for thread in producers + consumers:
        thread.start()
    for thread in producers:
        join(thread)
    with cond:
        queue.extend([None] * 4)
        cond.notify_all()
    for thread in consumers:
        join(thread)
    assert sorted(item for items in got for item in items) == [(i, n) for i in range(4) for n in range(500)]


@needs_fork
@BOTH
def test_fork_while_another_thread_holds(kind):
    """In the child the lock of a thread that stayed behind is orphaned: no wait for ever, and adopt() takes it over."""
    out = run_program(
        """
        import os, sys, threading, owned
        lock = getattr(owned, sys.argv[1])()
        taken, enough = threading.Event(), threading.Event()
        def hold():
            with lock:
                taken.set()
                enough.wait(30)
        holder = threading.Thread(target=hold, name="bookkeeper")
        holder.start()
        taken.wait(30)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                try:
                    lock.acquire()
                except owned.OrphanedError as error:
                    assert "bookkeeper" in str(error), error
                    owned.adopt(lock)
                    lock.release()
                    with lock:
                        code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert lock.locked()
        enough.set()
        holder.join()
        with lock:
            print("fine")
        """,
        kind.__name__,
    )
    assert out == "fine\n"


@needs_fork
@BOTH
def test_fork_while_the_forking_thread_holds(kind):
    """The child holds what its one thread held, and what is shared under it; the parent's lock is another one."""
    out = run_program(
        """
        import os, sys, threading, owned
        lock = getattr(owned, sys.argv[1])()
        items = owned.share(owned.List([1]), lock=lock)
        with lock:
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    items.append(2)
                    lock.release()
                    thread = threading.Thread(target=lambda: (lock.acquire(), lock.release()))
                    thread.start()
                    thread.join()
                    lock.acquire()
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert items == [1]
        print("fine")
        """,
        kind.__name__,
    )
    assert out == "fine\n"


@needs_fork
def test_fork_in_a_storm():
    """Forks while other threads take and give back a lock: every child gets by within its own life."""
    out = run_program(
        """
        import os, threading, owned
        lock, stop = owned.Lock(), threading.Event()
        def storm():
            while not stop.is_set():
                with lock:
                    pass
        threads = [threading.Thread(target=storm) for _ in range(4)]
        for thread in threads:
            thread.start()
        codes = []
        for _ in range(30):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    try:
                        lock.acquire(timeout=20)
                    except owned.OrphanedError:
                        owned.adopt(lock)
                    else:
                        assert lock._is_owned()
                    lock.release()
                    code = 0
                finally:
                    os._exit(code)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stop.set()
        for thread in threads:
            thread.join()
        print(codes == [0] * 30)
        """,
    )
    assert out == "True\n"


@BOTH
def test_shutdown_with_daemon_threads(kind):
    """The interpreter ends in peace while daemon threads hold a lock, wait for one, and take and give back another."""
    out = run_program(
        """
        import sys, threading, owned
        kind = getattr(owned, sys.argv[1])
        mine, theirs, busy = kind(), kind(), kind()
        items = owned.share(owned.List(), lock=busy)
        ready = threading.Barrier(7)
        def hold():
            theirs.acquire()
            ready.wait()
            threading.Event().wait()
        def wait(lock):
            ready.wait()
            lock.acquire()
        def storm():
            ready.wait()
            while True:
                with busy:
                    items.append(len(items))
                    del items[:]
        mine.acquire()
        for target, args in [(hold, ()), (wait, (mine,)), (wait, (mine,)), (storm, ()), (storm, ()), (storm, ())]:
            threading.Thread(target=target, args=args, daemon=True).start()
        ready.wait()
        print("end")
        """,
        kind.__name__,
    )
    assert out == "end\n"


@BOTH
def test_locks_alive_at_exit(kind):
    """Locks in module globals, in cycles and in threads' locals, held and free, go with the interpreter."""
    out = run_program(
        """
        import sys, threading, owned
        kind = getattr(owned, sys.argv[1])
        held, free, local = kind(), kind(), threading.local()
        held.acquire()
        local.lock = kind()
        local.lock.acquire()
        cycle = owned.share(owned.List(), lock=kind())
        with owned.locked(cycle):
            cycle.append(cycle)
            cycle.append(owned.lock_of(cycle))
        class Late:
            def __del__(self):
                with free:
                    held.release()
        late = Late()
        print("end")
        """,
        kind.__name__,
    )
    assert out == "end\n"


def end_holding(*sides):
    """A thread takes these and ends: its number."""
    numbers = []

    def take():
        numbers.append(_core.thread_id())
        for side in sides:
            side.acquire()

    thread = threading.Thread(target=take, name="the departed")
    thread.start()
    join(thread)
    return numbers[0]


WAYS = {
    "Lock": (owned.Lock, lambda lock: lock),
    "RLock": (owned.RLock, lambda lock: lock),
    "RWLock.write": (owned.RWLock, lambda lock: lock.write),
    "RWLock.read": (owned.RWLock, lambda lock: lock.read),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", ["dropped", "adopted", pytest.param("made anew", marks=needs_fork)])
def test_the_dead_are_forgotten(way, how):
    """A thread that ended with locks is remembered as long as one of them is its still, and no longer."""
    kind, side_of = WAYS[way]
    box = [kind(), kind()]
    number = end_holding(*map(side_of, box))
    while box:
        assert _core.thread_info(number).name == "the departed"
        lock = box.pop()
        with pytest.raises(owned.OrphanedError, match="the departed"):
            lock.acquire()
        if how == "adopted":
            owned.adopt(lock)
            if way != "RWLock.read":
                lock.release()
        elif how == "made anew":
            lock._at_fork_reinit()
            assert not lock.locked()
        del lock
    assert _core.thread_info(number) is None


def test_one_lock_counts_once_for_each_thread_that_ended():
    """Readers that ended are forgotten one by one, a writer that read as well with both."""
    rw, lock = owned.RWLock(), owned.Lock()
    first, second = end_holding(rw.read), end_holding(rw.read, lock)
    owned.adopt(rw)
    assert _core.thread_info(first) is None
    assert _core.thread_info(second) is not None
    assert repr(lock).startswith("<locked owned.Lock object owner='the departed' (ended)")
    third = end_holding(rw.write, rw.read)
    del lock
    assert _core.thread_info(second) is None
    assert _core.thread_info(third) is not None
    owned.adopt(rw)
    assert _core.thread_info(third) is None
    rw.release()
