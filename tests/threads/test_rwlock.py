# SPDX-License-Identifier: MIT
"""RWLock under many threads: who goes in when, across fork, and at the end of the interpreter."""

import os
import random
import threading
import time

import pytest

import owned
from actors import Actor
from crowd import crowd
from locks import LIMIT, in_line, join
from programs import run_program

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
ROUNDS = int(os.environ.get("OWNED_TOUCHES", "1000"))


def started(target, *args):
    thread = threading.Thread(target=target, args=args)
    thread.start()
    return thread


def test_readers_are_inside_together():
    """4 readers meet inside: the barrier opens only if all of them are there at the same time."""
    rw = owned.RWLock()
    items = owned.share(owned.List([1, 2]), lock=rw)
    inside = threading.Barrier(4)

    def read(_):
        with rw.read:
            inside.wait(LIMIT)
            assert items == [1, 2]
            inside.wait(LIMIT)

    crowd(4, read)
    assert not rw.locked()


def test_a_writer_is_alone():
    """8 threads read and write in every way that there is: a writer finds nobody inside, a reader finds no writer."""
    rw = owned.RWLock()
    numbers = owned.share(owned.List([0, 0]), lock=rw)
    writes = []

    def work(number):
        chance = random.Random(number)
        for _ in range(ROUNDS):
            side = rw.write if chance.random() < 0.3 else rw.read
            timeout = chance.choice([-1, -1, 0.0005, 0])
            if not side.acquire(timeout=timeout):
                continue
            if side == rw.write:
                numbers[0] += 1
                with rw.read, rw.write:
                    numbers[1] += 1
                writes.append(number)
                if chance.random() < 0.3:  # go on as a reader
                    rw.read.acquire()
                    rw.write.release()
                    side = rw.read
            first, second = numbers
            assert first == second
            side.release()

    crowd(8, work)
    with rw:
        assert numbers == [len(writes)] * 2
    assert not rw.locked()


def test_a_waiting_writer_goes_before_new_readers():
    """Readers that come while a writer waits go in after it; those inside are what it waits for."""
    rw = owned.RWLock()
    order = []

    def use(side, name):
        with side:
            order.append(name)

    rw.read.acquire()
    threads = [started(use, rw.write, "writer")]
    in_line(rw, writers=1)
    threads += [started(use, rw.read, "reader") for _ in range(3)]
    in_line(rw, writers=1, readers=3)
    assert order == []
    rw.read.release()
    for thread in threads:
        join(thread)
    assert order == ["writer", "reader", "reader", "reader"]


def test_waiting_readers_go_before_the_next_writer():
    """When a writer leaves, all readers that waited go in, though another writer waited before them."""
    rw = owned.RWLock()
    order = []
    inside = threading.Barrier(3)

    def write():
        with rw.write:
            order.append("writer")

    def read():
        with rw.read:
            inside.wait(LIMIT)
            order.append("reader")

    rw.write.acquire()
    threads = [started(write)]
    in_line(rw, writers=1)
    threads += [started(read) for _ in range(3)]
    in_line(rw, writers=1, readers=3)
    rw.write.release()
    for thread in threads:
        join(thread)
    assert order == ["reader", "reader", "reader", "writer"]


def test_readers_go_on_when_the_last_waiting_writer_gives_up():
    """A writer whose time is up lets in the readers that stood behind it."""
    rw = owned.RWLock()
    read = threading.Event()
    rw.read.acquire()
    writer = Actor("impatient")
    gave_up = started(lambda: writer(rw.write.acquire, True, 0.05))
    in_line(rw, writers=1)
    reader = started(lambda: rw.read.acquire() and read.set())
    assert read.wait(LIMIT)
    join(gave_up)
    join(reader)
    writer.end()


@pytest.mark.parametrize(("many", "few"), [("read", "write"), ("write", "read")])
def test_nobody_starves(many, few):
    """Threads that want one side all the time keep nobody from the other: those get theirs, and only then all stop."""
    rw = owned.RWLock()
    enough = threading.Event()
    done = []

    def work(number):
        if number < 3:
            while not enough.is_set():
                with getattr(rw, many):
                    done.append(many)
            return
        try:
            for _ in range(ROUNDS // 200):
                before = len(done)
                while len(done) == before:  # they have the other side now, again and again
                    time.sleep(0)
                assert getattr(rw, few).acquire(timeout=LIMIT)
                getattr(rw, few).release()
        finally:
            enough.set()

    crowd(4, work)
    assert len(done) >= ROUNDS // 200


def test_one_lock_after_another():
    """A thread that holds the read sides of many locks holds each of them, and gives back each."""
    locks = [owned.RWLock() for _ in range(30)]

    def work(number):
        chance = random.Random(number)
        for _ in range(ROUNDS // 50):
            mine = chance.sample(range(30), 12)
            for index in mine:
                locks[index].read.acquire()
            chance.shuffle(mine)
            for index in range(30):
                assert locks[index].read._is_owned() is (index in mine)
            for index in mine:
                locks[index].read.release()

    crowd(4, work)
    assert not any(lock.locked() for lock in locks)


@needs_fork
def test_fork_while_others_hold():
    """In the child the sides that threads of the parent hold are orphaned: told at once, and adopted."""
    out = run_program(
        """
        import os, threading, owned
        read, written = owned.RWLock(), owned.RWLock()
        taken, enough = threading.Barrier(3), threading.Event()
        def hold(side):
            with side:
                taken.wait(30)
                enough.wait(30)
        threads = [threading.Thread(target=hold, args=(read.read,), name="the reader"),
                   threading.Thread(target=hold, args=(written.write,), name="the writer")]
        for thread in threads:
            thread.start()
        taken.wait(30)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                assert read.read.acquire(False)
                read.read.release()
                for lock, name in ((read, "the reader"), (written, "the writer")):
                    try:
                        lock.write.acquire()
                    except owned.OrphanedError as error:
                        assert name in str(error), error
                    else:
                        assert False
                    owned.adopt(lock)
                written.release()
                with read, written:
                    code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert read.locked() and written.locked()
        enough.set()
        for thread in threads:
            thread.join()
        with read, written:
            print("fine")
        """
    )
    assert out == "fine\n"


@needs_fork
def test_fork_while_the_forking_thread_holds_and_others_wait():
    """The child holds what its one thread held, nobody waits there, and _at_fork_reinit() makes it a free lock."""
    out = run_program(
        """
        import os, threading, owned
        from owned import _core
        for side, other in (("read", "write"), ("write", "read")):
            rw = owned.RWLock()
            items = owned.share(owned.List([1]), lock=rw)
            getattr(rw, side).acquire()
            waiter = threading.Thread(target=lambda: getattr(rw, other).acquire() and getattr(rw, other).release())
            waiter.start()
            while not any(_core.rwlock_waiting(rw)):
                pass
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    assert _core.rwlock_waiting(rw) == (0, 0)
                    assert getattr(rw, side)._recursion_count() == 1
                    assert items == [1]
                    getattr(rw, side).release()
                    thread = threading.Thread(target=lambda: rw.acquire() and rw.release())
                    thread.start()
                    thread.join()
                    getattr(rw, side).acquire()
                    rw._at_fork_reinit()
                    assert not rw.locked() and not getattr(rw, side)._is_owned()
                    with rw, rw.read:
                        items.append(2)
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            getattr(rw, side).release()
            waiter.join()
            assert not rw.locked()
        print("fine")
        """
    )
    assert out == "fine\n"


@needs_fork
def test_fork_in_a_storm():
    """Forks while other threads read and write: every child gets by within its own life."""
    out = run_program(
        """
        import os, threading, owned
        rw, stop = owned.RWLock(), threading.Event()
        def storm(side):
            while not stop.is_set():
                with side:
                    pass
        threads = [threading.Thread(target=storm, args=(side,)) for side in (rw.read, rw.read, rw.write, rw.write)]
        for thread in threads:
            thread.start()
        codes = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    while True:
                        try:
                            rw.acquire(timeout=20)
                            break
                        except owned.OrphanedError:
                            owned.adopt(rw)
                            if rw._is_owned():
                                break
                    rw.release()
                    with rw.read:
                        code = 0
                finally:
                    os._exit(code)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stop.set()
        for thread in threads:
            thread.join()
        print(codes == [0] * 4)
        """
    )
    assert out == "True\n"


def test_shutdown_with_daemon_threads():
    """The interpreter ends in peace while daemon threads hold each side, wait for each, and use both."""
    out = run_program(
        """
        import threading, owned
        read, written, busy = owned.RWLock(), owned.RWLock(), owned.RWLock()
        ready = threading.Barrier(8)
        def hold(side):
            side.acquire()
            ready.wait()
            threading.Event().wait()
        def wait(side):
            ready.wait()
            side.acquire()
        def storm(side):
            ready.wait()
            while True:
                with side:
                    pass
        written.acquire()
        for target, side in [(hold, read.read), (wait, read.write), (wait, written.read), (wait, written.write),
                             (storm, busy.read), (storm, busy.read), (storm, busy.write)]:
            threading.Thread(target=target, args=(side,), daemon=True).start()
        ready.wait()
        print("end")
        """
    )
    assert out == "end\n"


@pytest.mark.parametrize("side", ["read", "write", "itself"])
def test_first_thing_a_thread_does_is_a_wrong_release(side):
    """A thread that has not met owned before is refused like any other."""
    rw = owned.RWLock()
    wanted = rw if side == "itself" else getattr(rw, side)
    caught = []

    def release():
        try:
            wanted.release()
        except owned.LockNotHeldError as error:
            caught.append(error)

    thread = threading.Thread(target=release)
    thread.start()
    thread.join(60)
    assert len(caught) == 1
