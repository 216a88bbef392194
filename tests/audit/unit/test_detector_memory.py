"""What the detector remembers, for how long, and of whom."""

import gc
import itertools
import os
import sys
import sysconfig
import threading
import weakref

import pytest

from detecting import apart, detecting, detector, found

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


class X:
    def __init__(self):
        self.a = 1


def _many():
    """From here on there are two threads, as far as the detector knows: until the token is joined."""
    return detector.fork()


def test_single_threaded_programs_cost_nothing():
    """While there is one thread nothing is remembered of its accesses."""
    with detecting():
        xs = [X() for _ in range(100)]
        for x in xs:
            detector.w(x, "a")
        counters = detector.counters()
    assert (counters["objects"], counters["variables"]) == (0, 0)


def test_the_last_join_forgets():
    """When all other threads are joined, what is to come is ordered after all that was."""
    xs = [X() for _ in range(100)]
    with detecting():
        tokens = apart(lambda: [detector.w(x, "a") for x in xs])
        assert detector.counters()["objects"] >= 100
        for token in tokens:
            detector.joined(token)
        assert detector.counters()["objects"] == 0
        assert detector.counters()["bytes"] == 0


@pytest.mark.skipif(
    (3, 13) <= sys.version_info < (3, 13, 3) and not FREE_THREADED,
    reason="the interpreter tells of no end of an object there (CPython's issue 130382), only of a new one",
)
@pytest.mark.parametrize("make", [X, list, dict, set, lambda: type("Y", (list,), {})(), lambda: type("Y", (), {})()])
def test_shadows_go_with_their_objects(make):
    """An object's shadow goes when the object ends, and keeps nothing alive."""
    with detecting():
        token = _many()
        before = detector.counters()["objects"]
        obj = make()
        detector.s(obj)
        detector.w(obj, "a")
        assert detector.counters()["objects"] > before
        reference = weakref.ref(obj) if not isinstance(obj, (dict, list)) or type(obj).__name__ == "Y" else None
        del obj
        gc.collect()
        assert reference is None or reference() is None
        assert detector.counters()["objects"] == before
        detector.joined(token)


@pytest.mark.parametrize("make", [X, list, dict, set])
def test_an_address_is_not_an_object(make):
    """An object at the address of another one that has ended has no history."""
    with detecting():
        tokens = [_many(), _many(), _many()]

        def use(token):
            detector.begin(token, "user")
            for _ in range(200):
                obj = make()
                detector.ws(obj)
                detector.w(obj, "a")
                del obj
            detector.end(token)

        for token in tokens:
            thread = threading.Thread(target=use, args=(token,))
            thread.start()
            thread.join()
    assert found() == []


def test_neighbours_that_die():
    """A closure variable stays known when what lies beside it in memory is given back."""
    with detecting():
        scopes, numbers = [], []
        for i in range(200):
            scopes.append(detector.scope())
            numbers.append(10**8 + i)

        def write():
            for scope in scopes:
                detector.V(scope, "n")
            numbers.clear()

        apart(write, lambda: [detector.v(1, scope, "n") for scope in scopes])
    assert [race[-1] for race in detector.races()] == [len(scopes)]


def test_finalizers_leave_no_shadow():
    """What a dying object's finalizer touches is no other object's."""

    class Dying:
        def __del__(self):
            detector.w(self, "a")

    with detecting():
        tokens = [_many(), _many()]

        def use(token):
            detector.begin(token, "user")
            for _ in range(200):
                Dying()
            detector.end(token)

        for token in tokens:
            thread = threading.Thread(target=use, args=(token,))
            thread.start()
            thread.join()
    assert found() == []


def test_a_new_object_is_told_of_in_the_same_epoch():
    """The table of what this thread has just told does not take one object for another."""
    with detecting():
        tokens = apart(*[lambda: None] * 1)
        for _ in range(10):
            x = X()
            detector.w(x, "a")
            del x
        x = X()
        detector.w(x, "a")
        tokens += apart(lambda: detector.w(x, "a"))
        # The start orders the two; the write of this thread after it does not.
        detector.w(x, "a")
    assert found() == [("certain", "X.a")]


def test_deep_nesting_ends_well():
    """A list of lists of lists, 200,000 deep, is taken apart without a deep stack."""
    with detecting():
        token = _many()
        lists, dicts = [], {}
        for _ in range(200_000):
            lists, dicts = [lists], {0: dicts}
        del lists, dicts
        detector.joined(token)


def test_a_bound_forgets_the_oldest():
    """With a bound on memory the oldest objects are forgotten, and counted; later ones are still known."""
    xs = [X() for _ in range(5000)]
    with detecting(memory=200_000):
        write = lambda: [detector.w(x, "a") for x in xs]  # noqa: E731
        apart(write)
        assert detector.forgotten() > 0
        assert detector.counters()["bytes"] <= 250_000
        apart(lambda: detector.w(xs[-1], "a"))
    assert found() == [("certain", "X.a")]


def test_slots_of_threads_are_used_again():
    """A thousand threads, one after the other, take no more room than a few; and each is told of."""
    x = X()
    with detecting():
        keep = _many()
        for _ in range(1000):
            [token] = apart(lambda: detector.u(x, "a"))
            detector.joined(token)
        assert found() == []
        assert detector.counters()["bytes"] < 5000
        apart(lambda: detector.w(x, "a"), lambda: detector.w(x, "a"))
        detector.joined(keep)
    assert found() == [("certain", "X.a")]
    assert detector.counters()["threads"] == 1004


def test_runs_do_not_mix():
    """A new run knows nothing of the one before; what that one found can be asked for until then."""
    x = X()
    with detecting():
        apart(lambda: detector.w(x, "a"))
        old = detector.fork()
        lock = detector.LockInfo("Lock")
        lock.acquired()
    assert [exposure[2] for exposure in detector.variables()] == ["a"]
    with detecting():
        assert detector.variables() == [] and detector.locks() == []
        detector.joined(old)
        detector.begin(old, "late")
        detector.end(old)
        lock.released()
        apart(lambda: detector.w(x, "a"), lock.acquired)
        assert [use[1] for use in detector.locks()] == ["Lock"]
    assert found() == []


def test_start_twice():
    """There is one run at a time."""
    with detecting():
        with pytest.raises(RuntimeError):
            detector.start()
    with pytest.raises(ValueError):
        detector.start(-1)


def test_nothing_leaks():
    """A run that is over, and its hooks, leave no more memory behind than the one before."""

    def once():
        with detecting():
            xs = [X() for _ in range(50)]
            cells = [0] * 50

            def work():
                for number, x in enumerate(xs):
                    detector.p(x).a += 1
                    detector.ui(cells, number)
                    for _ in detector.it(cells):
                        break
                    detector.b(cells, "append")(1)
                    detector.f(len)(cells)
                    detector.r(x, "__dict__")

            apart(work, work)
            detector.races(), detector.variables(), detector.locks()

    def blocks_after(runs):
        for _ in range(runs):
            once()
        gc.collect()
        return sys.getallocatedblocks()

    counts = [blocks_after(10) for _ in range(4)]
    assert min(after - before for before, after in itertools.pairwise(counts)) < 100, counts  # a leak is in each


def test_used_from_many_threads_at_once():
    """Threads that run at the same time use the detector at the same time."""
    shared, cells, table, ready = X(), [0] * 8, {}, threading.Barrier(4)
    with detecting():
        sync, lock = detector.Sync("sync"), detector.LockInfo("Lock")
        tokens = [detector.fork() for _ in range(4)]

        def work(number):
            detector.begin(tokens[number], f"worker {number}")
            ready.wait()
            for step in range(2000):
                x = X()
                detector.w(x, "a")
                detector.u(shared, "a")
                detector.si(step, cells, number)
                detector.si(step, table, (number, step % 10))
                detector.b(cells, "count")(1)
                for _ in detector.it(cells):
                    break
                if step % 5 == number:
                    sync.release()
                    sync.acquire()
                if step % 7 == number:
                    lock.acquired()
                    lock.released()
                if step % 500 == 0:
                    detector.races(), detector.variables(), detector.locks(), detector.counters()
            detector.end(tokens[number])

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for token in tokens:
            detector.joined(token)
        assert detector.counters()["objects"] == 0
    assert ("certain", "X.a") in found()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process")
def test_child_of_a_fork():
    """In the child there is one thread, which has found nothing; and the parent's threads are nobody's."""
    x, y = X(), X()
    with detecting():
        tokens = [*apart(lambda: detector.w(x, "a"), lambda: detector.w(x, "a")), detector.fork()]
        child = os.fork()
        if child == 0:
            code = 1
            try:
                detector.after_fork_in_child()
                detector.w(x, "a")
                own = apart(lambda: detector.w(y, "a"))
                for token in tokens:
                    detector.joined(token)
                own += apart(lambda: detector.w(y, "a"))
                code = 0 if [certain for certain, *_ in detector.races()] == [True] else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert found() == [("certain", "X.a")]
