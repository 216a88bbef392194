# SPDX-License-Identifier: MIT
"""What is told of queues."""

from __future__ import annotations

import pickle
import queue
import threading

import pytest

from orders import Orders
from owned._audit import _sync

KINDS = ["Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"]


@pytest.mark.parametrize("kind", KINDS)
def test_put_and_get(orders, together, kind):
    """get() comes after the put() of what it gets, and not after what followed."""
    q = getattr(queue, kind)()

    def put():
        orders.mark("before")
        q.put(1)
        orders.mark("after")

    together(put, lambda: (q.get(timeout=30), orders.mark("got")))
    assert orders.between("before", "got") == "signal"
    assert orders.between("after", "got") is None


@pytest.mark.parametrize("kind", KINDS)
def test_only_of_that_item(orders, together, unseen, kind):
    """get() does not come after the put() of another item."""
    q = getattr(queue, kind)()
    first, second = (1, "first"), (2, "second")
    if kind == "LifoQueue":
        first, second = second, first

    def put():
        q.put(first)
        orders.mark("between")
        q.put_nowait(second)
        unseen.go()

    def get():
        unseen.wait()
        assert q.get_nowait()[0] == 1
        orders.mark("got")
        assert q.get_nowait()[0] == 2
        orders.mark("got both")

    together(put, get)
    assert orders.between("between", "got both") == "signal"
    assert orders.between("between", "got") == (None if kind != "LifoQueue" else "signal")


def test_the_same_object_twice(orders, together):
    """Of an object that several threads have put, none of the puts is lost."""
    q, both = queue.Queue(), threading.Barrier(3)
    together(
        lambda: (orders.mark("first"), q.put(None), both.wait(30)),
        lambda: (orders.mark("second"), q.put(None), both.wait(30)),
        lambda: (q.get(timeout=30), q.get(timeout=30), orders.mark("got"), both.wait(30)),
    )
    assert orders.between("first", "got") == orders.between("second", "got") == "signal"


def test_room(orders, together):
    """The put() that needs the place which a get() made comes after it."""
    q = queue.Queue(maxsize=1)
    together(
        lambda: (q.put(1), orders.mark("first"), q.put(2), orders.mark("second")),
        lambda: (orders.mark("before"), q.get(timeout=30), q.get(timeout=30)),
    )
    assert orders.between("before", "second") == "signal"
    assert orders.between("before", "first") is None


def test_task_done_and_join(orders, together):
    """join() comes after every task_done()."""
    q = queue.Queue()
    q.put(1)

    def work():
        q.get()
        orders.mark("worked")
        q.task_done()

    together(work, lambda: (q.join(), orders.mark("joined")))
    assert orders.between("worked", "joined") == "signal"


@pytest.mark.skipif(not hasattr(queue, "ShutDown"), reason="queues are shut down from 3.13 on")
def test_shutdown(orders, together):
    """Whoever finds a queue shut down comes after whoever did that."""
    q = queue.Queue()

    def get():
        with pytest.raises(queue.ShutDown):
            q.get()
        orders.mark("found")

    together(get, lambda: (orders.mark("before"), q.shutdown()))
    assert orders.between("before", "found") == "signal"


def test_subclass_that_stores_something_else(orders, together):
    """A subclass with a `_put` of its own is told of as well."""

    class Numbered(queue.Queue):
        number = 0

        def _put(self, item):
            self.number += 1
            super()._put((self.number, item))

    q = Numbered()
    together(lambda: (orders.mark("before"), q.put("x")), lambda: (q.get(timeout=30), orders.mark("got")))
    assert orders.between("before", "got") == "signal"


def test_mutex(orders):
    """A program that takes a queue's mutex holds a lock, the real one."""
    q = queue.Queue()
    with q.mutex:
        orders.mark("in it")
        assert q.not_empty._lock.locked()
    q.put(1)
    assert orders.held("in it") == ("Lock",)
    assert q.mutex is q.mutex
    assert q.qsize() == 1


@pytest.mark.parametrize("name", ["_put", "_get", "_qsize"])
def test_hooks(orders, name):
    """What a program puts in place of a queue's own methods runs under its mutex, once, whoever has taken it."""

    class Marking(queue.Queue):
        pass

    def hook(self, *args):
        orders.mark("in it")
        return getattr(super(Marking, self), name)(*args)

    class Above(Marking):
        pass

    setattr(Marking, name, hook)
    setattr(Above, name, lambda self, *args: getattr(super(Above, self), name)(*args))
    q = Above()
    q.put(1), q.get(), q.empty()
    assert orders.held("in it") == ("Lock",)
    with q.mutex:
        q._put(1), q._get(), q._qsize()
    assert orders.held("in it") == ("Lock",)
    q._put(1), q._get(), q._qsize()
    assert orders.held("in it") == ()


def test_hooks_under_another_lock(orders):
    """A queue whose mutex is an RLock, or nothing of Python's."""

    class Marking(queue.Queue):
        def _put(self, item):
            orders.mark("in it")
            super()._put(item)

    q = Marking()
    q.mutex = recursive = threading._CRLock()
    for _ in range(2):
        with recursive:
            q._put(1)
        assert orders.held("in it") == ("RLock",)
        with q.mutex:
            q._put(1)
        assert orders.held("in it") == ("RLock",)
    q._put(2)
    assert orders.held("in it") == ()
    q.mutex = threading.Condition()
    q._put(3)
    assert orders.held("in it") == ()


def test_hooks_are_taken_back():
    """After the audit a class of queues has its own methods."""

    class Marking(queue.Queue):
        def _put(self, item):
            super()._put(item)

    class Mixed(Marking):
        pass

    before = vars(Marking)["_put"]
    detector = Orders()
    _sync.install(detector_module=detector)
    try:
        Mixed().put(1)
        assert vars(Marking)["_put"] is not before
    finally:
        _sync.uninstall()
    assert vars(Marking)["_put"] is before
    assert "_put" not in vars(Mixed)


def test_errors_are_the_same(orders):
    """Empty, Full and wrong arguments."""
    q = queue.Queue(1)
    with pytest.raises(queue.Empty):
        q.get_nowait()
    q.put(1)
    with pytest.raises(queue.Full):
        q.put_nowait(2)
    assert q.get() == 1
    with pytest.raises(ValueError):
        q.task_done() or q.task_done()
    simple = queue.SimpleQueue()
    with pytest.raises(queue.Empty):
        simple.get(block=False)
    with pytest.raises(queue.Empty):
        simple.get_nowait()
    with pytest.raises(ValueError):
        simple.get(timeout=-1)


def test_simple_queue_looks_like_the_real_one(orders):
    """isinstance, qsize, empty, repr and pickling are those of a real SimpleQueue; subclasses work."""
    real = queue.SimpleQueue.__base__
    q = queue.SimpleQueue()
    assert isinstance(q, real) and isinstance(real(), queue.SimpleQueue) and issubclass(real, queue.SimpleQueue)
    assert q.empty()
    q.put(1, timeout=2)
    assert q.qsize() == 1
    assert "SimpleQueue object at" in repr(q)
    with pytest.raises(TypeError):
        pickle.dumps(q)

    class Mine(queue.SimpleQueue):
        def twice(self, item):
            self.put(item)
            self.put(item)

    mine = Mine()
    mine.twice(3)
    assert (mine.get(), mine.get()) == (3, 3)


def test_after_uninstall():
    """Queues made meanwhile, and what is in them, go on working."""
    from orders import Orders
    from owned._audit import _sync

    _sync.install(detector_module=Orders())
    simple, q, before = queue.SimpleQueue(), queue.Queue(1), queue.Queue
    simple.put(1)
    q.put(2)
    _sync.uninstall()
    assert (simple.get(), q.get()) == (1, 2)
    q.put(3)
    with q.mutex:
        assert list(q.queue) == [3]
    assert queue.Queue is before
    assert type(queue.SimpleQueue()).__mro__[1] is object
