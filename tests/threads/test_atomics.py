# SPDX-License-Identifier: MIT
"""AtomicInt, AtomicRef, Once, Lazy and merging regions under many threads, and across fork."""

import os
import sys
import threading

import pytest

import owned
from guarded import Node
from locks import LIMIT, join
from programs import run_program

THREADS = 8
TOUCHES = int(os.environ.get("OWNED_TOUCHES", "4000")) * int(os.environ.get("OWNED_STRESS", "1"))
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture(autouse=True)
def switch_often():
    """With the GIL, threads change places every few steps."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def crowd(work):
    """Run ``work(i)`` on 8 threads that start together; what they return. An exception of any of them is raised."""
    start = threading.Barrier(THREADS)
    results = [None] * THREADS
    errors = []

    def run(i):
        try:
            start.wait(LIMIT)
            results[i] = work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    if errors:
        raise errors[0]
    return results


def test_no_step_is_lost():
    """8 threads, every way to add: the sum is right."""
    counter = owned.Counter()

    def count(i):
        mine = counter
        for _ in range(TOUCHES):
            mine += 1
            mine.add(2)
            mine -= 1
            mine.fetch_add()

    crowd(count)
    assert counter.get() == THREADS * TOUCHES * 3


@pytest.mark.parametrize("how", ["fetch_add", "increment"])
def test_every_number_is_given_once(how):
    """What a step returns nobody else got; until the threads are seen to have taken turns."""
    for _ in range(100):
        step = getattr(owned.AtomicInt(), how)
        drawn = crowd(lambda i, step=step: [step() for _ in range(TOUCHES)])
        assert len({number for mine in drawn for number in mine}) == THREADS * TOUCHES
        assert all(mine == sorted(mine) for mine in drawn)
        if any(mine[-1] - mine[0] >= TOUCHES for mine in drawn):
            return
    pytest.fail("the threads ran one after the other, a hundred times")


def test_bits_and_extremes():
    """Each thread has its bit; the largest and the smallest of all are found."""
    bits, most, least = owned.AtomicInt(), owned.AtomicInt(-1), owned.AtomicInt(TOUCHES * THREADS)

    def work(i):
        for n in range(TOUCHES):
            assert not bits.fetch_or(1 << i) & (1 << i)
            assert bits.fetch_xor(1 << i) & (1 << i)
            most.fetch_max(n * THREADS + i)
            least.fetch_min(n * THREADS + i)

    crowd(work)
    assert (bits.get(), most.get(), least.get()) == (0, TOUCHES * THREADS - 1, 0)


def test_compare_and_set_has_one_winner():
    """A lock made of it lets one in at a time."""
    gate, inside = owned.AtomicInt(), []
    entered = owned.AtomicInt()

    def work(i):
        for _ in range(TOUCHES // 100):  # few: who spins keeps the winner from going on
            while not gate.compare_and_set(0, i + 1):
                pass
            inside.append(i)
            assert inside == [i]
            inside.pop()
            entered.increment()
            assert gate.compare_and_set(i + 1, 0)

    crowd(work)
    assert entered.get() == THREADS * (TOUCHES // 100)


def test_overflow_under_threads():
    """At the edge, as many steps are refused as there is no room for."""
    counter = owned.AtomicInt(2**63 - 1 - 1000)

    def work(i):
        refused = 0
        for _ in range(500):
            try:
                counter.increment()
            except OverflowError:
                refused += 1
        return refused

    assert sum(crowd(work)) == THREADS * 500 - 1000
    assert counter.get() == 2**63 - 1


def test_references_are_whole():
    """Readers see pairs that a writer put in, never a dead or a mixed one; no update is lost."""
    ref = owned.AtomicRef((0, str(0)))
    calls = owned.AtomicInt()

    def next_pair(pair):
        calls.increment()
        return (pair[0] + 1, str(pair[0] + 1))

    def work(i):
        for _ in range(TOUCHES // 4):
            if i % 2:
                ref.update(next_pair)
            number, text = ref.get()
            assert text == str(number)

    crowd(work)
    assert ref.get()[0] == THREADS // 2 * (TOUCHES // 4)
    assert calls.get() >= ref.get()[0]


def test_swapped_parcels_arrive_once():
    """A letter box with many senders and takers: each letter is claimed by one, and none is lost."""
    box = owned.AtomicRef(None)
    rounds = TOUCHES // 40

    def work(i):
        got = []
        for n in range(rounds):
            parcel = owned.move(Node(f"{i} {n}"))
            while not box.compare_and_set(None, parcel):
                taken = box.swap(None)
                if taken is not None:
                    got.append(taken.claim().name)
        return got

    got = [name for one in crowd(work) for name in one]
    last = box.swap(None)
    if last is not None:
        got.append(last.claim().name)
    assert sorted(got) == sorted(f"{i} {n}" for i in range(THREADS) for n in range(rounds))


def test_once_runs_once():
    """Of eight that come at once one runs it, round after round, and all get its result."""
    for _ in range(max(10, TOUCHES // 100)):
        once, runs = owned.Once(), owned.AtomicInt()

        def make(runs=runs):
            return ("made", runs.increment())

        results = crowd_quick(lambda i, once=once, make=make: once.call(make))
        assert {id(result) for result in results} == {id(once.call(make))}
        assert runs.get() == 1


def crowd_quick(work):
    """The same with fewer threads, for many rounds."""
    start = threading.Barrier(3)
    results = []

    def run(i):
        start.wait(LIMIT)
        results.append(work(i))

    threads = [threading.Thread(target=run, args=(i,)) for i in (1, 2)]
    for thread in threads:
        thread.start()
    run(0)
    for thread in threads:
        join(thread)
    assert len(results) == 3
    return results


def test_lazy_after_failures():
    """The factory fails a few times: each failure has one caller, and the rest get one frozen value."""
    runs = owned.AtomicInt()

    @owned.Lazy
    def value():
        if runs.increment() <= 3:
            raise ConnectionError
        return ["made"]

    def work(i):
        while True:
            try:
                return value()
            except ConnectionError:
                failures.increment()

    failures = owned.AtomicInt()
    results = crowd(work)
    assert {id(result) for result in results} == {id(value())}
    assert (runs.get(), failures.get(), value()) == (4, 3, ("made",))


def test_merging_while_others_look():
    """Other threads touch what its owner merges and shares: refused or right, and never in between."""
    stop = threading.Event()
    nodes = []
    touches = owned.AtomicInt()
    odd = []

    def look():
        while not stop.is_set():
            for node in nodes[-3:]:
                touches.increment()
                try:
                    node.name
                except (owned.WrongThreadError, owned.LockNotHeldError):
                    continue
                except Exception as error:
                    odd.append(error)
                else:
                    odd.append("passed")

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    rounds = 0
    while rounds < TOUCHES // 20 or touches.get() < 1000:
        everything = owned.Region()
        for _ in range(3):
            with owned.Region() as region:
                nodes.append(Node())
            everything.merge(region)
        assert nodes[-1].name == "node"
        owned.share(everything)
        rounds += 1
    stop.set()
    for thread in threads:
        join(thread)
    assert not odd
    assert {owned.state(node) for node in nodes} == {owned.State.SHARED}


@needs_fork
def test_fork_while_another_thread_runs_it():
    """In the child that thread is gone, and the next caller runs the function; in the parent it goes on."""
    out = run_program(
        """
        import os, threading, owned
        parent = os.getpid()
        inside, enough = threading.Barrier(3), threading.Event()
        def make():
            if os.getpid() == parent:
                inside.wait(30)
                enough.wait(30)
            return os.getpid()
        once, lazy = owned.Once(), owned.Lazy(make)
        ways = [lambda **timeout: once.call(make, **timeout), lazy]
        got = []
        def run(way):
            got.append(way())
        runners = [threading.Thread(target=run, args=(way,)) for way in ways]
        for thread in runners:
            thread.start()
        inside.wait(30)
        waiters = [threading.Thread(target=run, args=(way,)) for way in ways]
        for thread in waiters:
            thread.start()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                if all(way(timeout=20) == os.getpid() == way() for way in ways):
                    code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        enough.set()
        for thread in runners + waiters:
            thread.join()
        assert got == [parent] * 4
        print("fine")
        """
    )
    assert out == "fine\n"


@needs_fork
def test_fork_inside_of_it():
    """The child of a fork in the function is the one that runs it there."""
    out = run_program(
        """
        import os, owned
        @owned.Lazy
        def pid():
            child = os.fork()
            if child:
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            return os.getpid()
        mine = pid()
        assert mine == os.getpid() == pid()
        print("fine", flush=True)
        """
    )
    assert out == "fine\nfine\n"


def test_at_the_end_of_the_interpreter():
    """Threads that still count and wait when the interpreter goes bring down nothing."""
    out = run_program(
        """
        import threading, owned
        counter, ref, once = owned.Counter(), owned.AtomicRef(()), owned.Once()
        inside = threading.Event()
        def count():
            while True:
                counter.increment()
                ref.update(lambda old: (counter.get(),))
        def stay():
            once.call(lambda: (inside.set(), threading.Event().wait()))
        for target in (count, count, stay):
            threading.Thread(target=target, daemon=True).start()
        inside.wait()
        threading.Thread(target=once.call, args=(int,), daemon=True).start()
        while counter.get() < 1000:
            pass
        print("fine")
        """
    )
    assert out == "fine\n"
