# SPDX-License-Identifier: MIT
"""Objects die where they die: on other threads, in other threads' collections, at fork, at the end of the interpreter.

And code that runs where nobody expects it: __del__, __eq__, __hash__ and __repr__ that raise or come back to us.
"""

import gc
import os
import sys
import sysconfig
import threading
import weakref

import pytest

import owned
from guarded import Bag, Node
from locks import LIMIT, join
from programs import run_program

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


class Plain:
    """A class that knows nothing of us."""

    def __init__(self):
        self.items = [1, 2, 3]


MAKERS = {
    "slots": Node,
    "dict": Bag,
    "List": lambda: owned.List([Node()]),
    "Dict": lambda: owned.Dict(a=Node()),
    "Set": lambda: owned.Set([Node()]),
    "wrapper": lambda: owned.own(Plain()),
    "wrapped item": lambda: owned.own(Plain()).items,
    "Region": owned.Region,
    "parcel": lambda: owned.move(Node()),
    "shared": lambda: owned.share(Node(), lock=owned.Lock()),
    "shared under theirs": lambda: owned.share(Node(), lock=threading.RLock()),
    "iterator": lambda: iter(owned.List([1, 2])),
    "view": lambda: owned.Dict(a=1).items(),
    "bound method": lambda: owned.own(Plain()).items.append,
}
everything = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@everything
def test_last_reference_on_another_thread(make, elsewhere):
    """An object whose last reference another thread drops dies there, unchecked and silently."""
    box = [make()]
    elsewhere(box.clear)
    assert not box
    gc.collect()


@everything
def test_cycle_in_another_threads_collection(make, elsewhere):
    """A cycle through a guarded object is found by whichever thread collects."""

    class Link:
        pass

    link = Link()
    link.itself, link.held = link, make()
    ref = weakref.ref(link)
    del link
    elsewhere(gc.collect)
    assert ref() is None


def test_guarded_cycle_in_another_threads_collection(elsewhere):
    """A cycle of nothing but guarded objects, private to a thread, is collected by another."""
    refs = []
    for _ in range(10):
        a, b = Node("a"), Bag()
        a.next, b.next = b, a
        a.children.append(a)
        refs += [weakref.ref(a), weakref.ref(b)]
    del a, b
    elsewhere(gc.collect)
    assert [ref() for ref in refs] == [None] * 20


@pytest.mark.parametrize("how", ["reference", "collection"])
def test_finalizer_acts_as_the_owner(how, elsewhere):
    """__del__ runs on whatever thread drops or collects the object, and may touch it."""
    seen = []

    @owned.owned
    class Resource:
        def __init__(self):
            self.name = "socket"

        def __del__(self):
            self.name += " closed"
            seen.append((self.name, threading.current_thread().name))

    box = [Resource()]
    dispose(box, how, elsewhere)
    (name, thread) = seen.pop()
    assert name == "socket closed"
    # A free-threaded build lets the thread that made an object drop it.
    assert thread == "elsewhere" or (FREE_THREADED and how == "reference")


@pytest.mark.parametrize(
    "how",
    [
        "reference",
        pytest.param(
            "collection",
            marks=pytest.mark.xfail(
                FREE_THREADED, reason="the free-threaded collector holds a reference to all it finalizes"
            ),
        ),
    ],
)
def test_finalizer_acts_as_the_owner_of_what_only_it_holds(how, elsewhere):
    """__del__ may also touch the guarded objects that nobody but the dying object holds."""
    seen = []

    @owned.owned
    class Resource:
        def __init__(self):
            self.handles = [3]

        def __del__(self):
            try:
                self.handles.append(4)
                seen.append(list(self.handles))
            except owned.OwnershipError as error:
                seen.append(error)

    box = [Resource()]
    dispose(box, how, elsewhere)
    assert seen == [[3, 4]]


def dispose(box, how, elsewhere):
    """Let what is in the box die on another thread."""
    if how == "collection":
        box[0].itself = box[0]
        box.clear()
        elsewhere(gc.collect)
    else:
        elsewhere(box.clear)
        gc.collect()


def test_dying_in_turns():
    """8 threads drop what other threads made, while others collect: nothing is checked, nothing is left."""

    class Mine(Bag):
        """Of no other test, which may have left a Bag behind."""

    start = threading.Barrier(8)
    lanes = [[] for _ in range(8)]
    problems = []

    def work(i):
        try:
            start.wait(LIMIT)
            for round_ in range(300):
                a, b = Node(), Mine()
                a.next, b.next = b, a
                lanes[i].append(a)
                lanes[i].append(owned.List([Node()]))
                del a, b
                others = lanes[(i + 1) % 8]
                while len(others) > 2:
                    others.pop(0)
                if round_ % 100 == 0:
                    gc.collect()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    assert not problems
    lanes.clear()
    gc.collect()
    assert not [obj for obj in gc.get_objects() if type(obj) is Mine]


def test_weak_references_on_another_thread(elsewhere):
    """Weak references, and their callbacks, are nobody's property."""
    box = [Node()]
    called = []
    ref = elsewhere(weakref.ref, box[0], lambda _: called.append(threading.current_thread().name))
    assert ref() is box[0]
    elsewhere(box.clear)
    gc.collect()
    assert ref() is None
    assert len(called) == 1


@needs_fork
def test_fork():
    """The child's one thread owns what it owned; what other threads owned is orphaned there, and may be adopted."""
    out = run_program(
        """
        import os, threading, owned
        mine = owned.List([1])
        theirs, made, enough = [], threading.Event(), threading.Event()
        def work():
            theirs.append(owned.List([2]))
            made.set()
            enough.wait(30)
            theirs[0].append(3)
        thread = threading.Thread(target=work, name="worker")
        thread.start()
        made.wait(30)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                mine.append(2)
                try:
                    theirs[0].append(1)
                except owned.OrphanedError as error:
                    assert "worker" in str(error), error
                    owned.adopt(theirs[0])
                    theirs[0].append(1)
                    assert theirs[0] == [2, 1]
                    code = 0
            finally:
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        enough.set()
        thread.join()
        assert mine == [1]
        owned.adopt(theirs[0])
        assert theirs[0] == [2, 3]
        """
    )
    assert out == "0\n"


@needs_fork
def test_fork_while_threads_are_born():
    """A fork in the middle of other threads' first touches leaves a child in which new threads can touch, too."""
    out = run_program(
        """
        import os, threading, owned
        stop = threading.Event()
        def first_touch():
            owned.List([1]).append(2)
        def storm():
            while not stop.is_set():
                thread = threading.Thread(target=first_touch)
                thread.start()
                thread.join()
        threads = [threading.Thread(target=storm) for _ in range(4)]
        for thread in threads:
            thread.start()
        codes = []
        for _ in range(30):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    thread = threading.Thread(target=first_touch)
                    thread.start()
                    thread.join(20)
                    code = int(thread.is_alive())
                finally:
                    os._exit(code)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stop.set()
        for thread in threads:
            thread.join()
        print(codes == [0] * 30)
        """
    )
    assert out == "True\n"


def test_shutdown_with_daemon_threads():
    """The interpreter ends in peace while daemon threads make, touch, share, move and drop guarded objects."""
    out = run_program(
        """
        import threading, owned
        @owned.owned
        class Node:
            def __init__(self):
                self.items = [1]
                self.next = None
        class Plain:
            def __init__(self):
                self.items = [1]
        kept = []
        ready = threading.Barrier(7)
        def work(i):
            ready.wait()
            while True:
                node = Node()
                node.next = node
                node.items.append(len(node.items))
                kept[i:i + 1] = [node, owned.share(owned.List([Node()])), owned.move(Node()), owned.own(Plain()).items]
                del kept[20:]
                try:
                    kept[-1].append(1)
                    for item in kept[0].items:
                        pass
                except (owned.OwnershipError, AttributeError, TypeError):
                    pass
        for i in range(6):
            threading.Thread(target=work, args=(i,), daemon=True).start()
        ready.wait()
        print("end")
        """
    )
    assert out == "end\n"


def test_everything_alive_at_exit():
    """Objects of every kind in module globals, in cycles, in thread locals and behind finalizers go in any order."""
    out = run_program(
        """
        import atexit, sys, threading, weakref, owned
        @owned.owned
        class Node:
            def __init__(self):
                self.next = self
                self.items = [self]
            def __del__(self):
                self.next = None
        class Plain:
            def __init__(self):
                self.itself = self
                self.items = [1]
        node, wrapper, region = Node(), owned.own(Plain()), owned.Region()
        with region:
            inside = Node()
        local = threading.local()
        local.node = Node()
        shared = owned.share(Node())
        theirs = owned.share(owned.Dict(), lock=threading.RLock())
        parcel = owned.move(Node())
        walk, view = iter(owned.List([1, 2])), owned.Dict(a=1).values()
        sys.kept = [Node(), owned.own(Plain())]
        weakref.finalize(Plain(), lambda: None)
        atexit.register(lambda: node.items.append(2))
        open_region = owned.Region()
        open_region.__enter__()
        born_inside = Node()
        def left_behind():
            local.node = Node()
            kept.append(Node())
        kept = []
        thread = threading.Thread(target=left_behind)
        thread.start()
        thread.join()
        print("end")
        """
    )
    assert out == "end\n"


@pytest.mark.parametrize("first", ["the main one", "the subinterpreter"])
def test_subinterpreter(first):
    """A subinterpreter cannot import owned, and is told why, whoever tries first; the main one can, and goes on."""
    pytest.importorskip("_testcapi")
    out = run_program(
        """
        import sys
        import _testcapi
        if sys.argv[1] == "the main one":
            import owned
            before = owned.List([1])
        code = f"import sys; sys.path[:] = {sys.path!r}" + '''
        try:
            import owned
        except ImportError as error:
            assert "subinterpreter" in str(error), error
        else:
            raise AssertionError("imported")
        '''.replace("\\n        ", "\\n")
        print(_testcapi.run_in_subinterp(code))
        import owned
        after = owned.List([1])
        after.append(2)
        if sys.argv[1] == "the main one":
            before.append(2)
            assert before == after
        print(after)
        """,
        first,
    )
    assert out == "0\n[1, 2]\n"


def test_import_again():
    """The C module cannot be loaded twice in one process; the first one goes on."""
    out = run_program(
        """
        import sys, owned
        items = owned.List([1])
        first = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "owned"}
        try:
            import owned
        except ImportError as error:
            print("once per process" in str(error))
        items.append(2)
        print(items)
        """
    )
    assert out == "True\n[1, 2]\n"


class Hostile:
    """A key whose every special method does what the test says."""

    def __init__(self, action):
        self.action = action

    def __eq__(self, other):
        return self.action()

    def __hash__(self):
        return 1

    def __repr__(self):
        return self.action()


def boom():
    """Raise what no code of ours raises."""
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "make", [lambda key: owned.Dict({key: 1}), lambda key: owned.Set([key]), lambda key: owned.List([key])]
)
def test_comparison_that_raises(make):
    """What a key's __eq__ raises comes out, and the container is as it was."""
    items = make(Hostile(boom))
    with pytest.raises(ZeroDivisionError):
        assert Hostile(boom) in items
    assert len(items) == 1


@pytest.mark.parametrize("kind", ["Dict", "Set", "List"])
@pytest.mark.parametrize("meanwhile", ["clear", "share", "move"])
def test_comparison_that_changes_the_container(kind, meanwhile):
    """A key's __eq__ may clear, share or move the container it is looked up in: an answer or an error, never a
    crash.
    """
    items = None

    def action():
        if meanwhile == "clear":
            items.clear()
        elif owned.state(items) == "private":
            owned.share(items, lock=owned.Lock()) if meanwhile == "share" else parcels.append(owned.move(items))
        return False

    parcels = []
    keys = [Hostile(action) for _ in range(5)]
    for operation in ("in", "remove", "eq"):
        items = {"Dict": lambda: owned.Dict.fromkeys(map(id, keys)), "Set": owned.Set, "List": owned.List}[kind]()
        with owned.unchecked():
            if kind == "Dict":
                items[keys[0]] = 1
            elif kind == "Set":
                items.add(keys[0])
            else:
                items.extend(keys)
        try:
            if operation == "in":
                Hostile(action) in items
            elif operation == "remove":
                items.remove(Hostile(action)) if kind != "Dict" else items.pop(Hostile(action))
            else:
                items == type(items)(items)
        except (KeyError, ValueError, RuntimeError):
            pass
    gc.collect()


def test_hash_that_shares():
    """A key's __hash__ may share the very dict it is being stored in: then the store is refused or done, and
    not half.
    """

    class Sharing:
        def __hash__(self):
            if owned.state(items) == "private":
                owned.share(items, lock=lock)
            return 7

    lock = owned.RLock()
    items = owned.Dict()
    try:
        items[Sharing()] = 1
        stored = 1
    except owned.LockNotHeldError:
        stored = 0
    with lock:
        assert len(items) == stored


@pytest.mark.parametrize("kind", ["attribute", "Dict", "List", "Set"])
def test_finalizer_of_the_old_value(kind):
    """The __del__ of a value that is replaced finds the container whole, and may change it."""
    seen = []

    class Noisy:
        def __del__(self):
            if kind == "attribute":
                seen.append(holder.name)
                holder.name = "again"
            else:
                seen.append(len(holder))
                holder.clear()

    if kind == "attribute":
        holder = Node(Noisy())
        holder.name = "new"
        assert holder.name == "again"
    elif kind == "Dict":
        holder = owned.Dict(a=Noisy())
        holder["a"] = 1
        assert len(holder) == 0
    elif kind == "List":
        holder = owned.List([Noisy(), 1])
        holder[0] = 1
        assert len(holder) == 0
    else:
        holder = owned.Set([Noisy(), 1])
        holder.discard(next(item for item in holder if item != 1))
        gc.collect()
    assert len(seen) == 1


def test_finalizer_that_raises(elsewhere):
    """What __del__ raises goes where Python sends it, and nothing else is hurt."""
    unraisable = []

    @owned.owned
    class Broken:
        def __init__(self):
            self.name = "x"

        def __del__(self):
            raise ZeroDivisionError(self.name)

    hook, sys.unraisablehook = sys.unraisablehook, lambda args: unraisable.append(args.exc_type)
    try:
        box = [Broken()]
        elsewhere(box.clear)
    finally:
        sys.unraisablehook = hook
    assert unraisable == [ZeroDivisionError]


def test_finalizer_that_saves_itself(elsewhere):
    """An object that its __del__ brings back to life on another thread is that thread's to find: as state says."""
    saved = []

    @owned.owned
    class Phoenix:
        def __init__(self):
            self.name = "x"

        def __del__(self):
            saved.append(self)

    box = [Phoenix()]
    elsewhere(box.clear)
    assert len(saved) == 1
    assert owned.state(saved[0]) in ("private", "orphaned")
    if owned.state(saved[0]) == "orphaned":
        owned.adopt(saved[0])
    assert saved[0].name == "x"


def test_messages_run_no_code(elsewhere):
    """An error about an object runs none of its code, nor its keys'; the same for state, owner and explain."""

    @owned.owned
    class Touchy:
        def __init__(self):
            self.name = "x"

        __repr__ = __str__ = __hash__ = __eq__ = __bool__ = __len__ = lambda *_: boom()

        @property
        def __class__(self):
            return boom()

    touchy, items = Touchy(), owned.Dict()

    def touch():
        for attempt in (lambda: touchy.name, lambda: setattr(touchy, "name", 1), lambda: owned.share(touchy)):
            with pytest.raises(owned.WrongThreadError) as caught:
                attempt()
            assert caught.value.type_name == "Touchy"
        with pytest.raises(owned.WrongThreadError):
            items[Hostile(boom)]
        assert owned.state(touchy) == "private"
        assert owned.owner(touchy).name == "MainThread"
        assert "MainThread" in owned.explain(touchy)

    elsewhere(touch)


def test_init_twice(elsewhere):
    """__init__ again is a write: refused elsewhere, done here, and nothing leaks or doubles."""
    node, items, mapping, group = Node("a"), owned.List([1]), owned.Dict(a=1), owned.Set([1])

    def again():
        for attempt in (
            lambda: node.__init__("b"),
            lambda: items.__init__([2]),
            lambda: mapping.__init__(b=2),
            lambda: group.__init__([2]),
        ):
            with pytest.raises(owned.WrongThreadError):
                attempt()

    elsewhere(again)
    node.__init__("b")
    items.__init__([2])
    mapping.__init__(b=2)
    group.__init__([2])
    assert (node.name, items, mapping, group) == ("b", [2], {"a": 1, "b": 2}, {2})
