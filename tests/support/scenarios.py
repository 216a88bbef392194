# SPDX-License-Identifier: MIT
"""Every verb and constructor as a small scenario, for the tests that starve it of memory and those that count what is
left.

Run as a program it answers each line ``starve NAME`` or ``count NAME`` of its input in a fork of its own, which ends as
any Python does; see apart.py.
"""

from __future__ import annotations

import contextvars
import faulthandler
import gc
import os
import pickle
import queue
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, cast

import owned
from guarded import Bag, Node
from owned import _core
from owned._parcels import sending


class Plain:
    """A class that knows nothing of us."""

    def __init__(self) -> None:
        self.items = [1, 2, 3]
        self.table = {"a": [1]}

    def __call__(self) -> list[int]:
        """Hand out the inside."""
        return self.items


class Scenario(NamedTuple):
    """``run(make())`` is what is tried; ``intact(made)`` is true of what was made before, and after a try that
    failed.
    """

    make: Callable[[], Any]
    run: Callable[[Any], object]
    intact: Callable[[Any], bool] = lambda made: True


def graph() -> Node:
    """A private graph of every kind of guarded object, with cycles."""
    root = Node("root", Bag(back=None, wrapped=owned.own(Plain())))
    root.next.back = root
    root.children.extend([Node("a"), owned.List([Node("b")]), owned.Dict(c=Node("c")), owned.Set([1]), (Node("d"),)])
    return root


def graph_intact(root: Any) -> bool:
    """Private to this thread, whole, and writable."""
    node, bag = root.children[0], root.next
    node.name, bag.more = "a", 1
    root.children[1].append(root.children[1].pop())
    root.children[2]["c"].name = "c"
    return all(
        (
            [owned.state(obj) for obj in (root, bag, bag.wrapped, *root.children[:4], root.children[4][0])]
            == ["private"] * 8,
            bag.back is root,
            bag.wrapped.items[0] == 1,
            len(root.children) == 5,
            root.children[1][0].name == "b",
            root.children[4][0].name == "d",
        )
    )


def left_behind(make: Callable[[], Any]) -> Any:
    """What a thread made that has ended."""
    box: list[Any] = []
    thread = threading.Thread(target=lambda: box.append(make()))
    thread.start()
    thread.join()
    return box.pop()


def channel_intact(made: Any) -> bool:
    """What was put is in the channel, or its sender's as before."""
    channel, root = made
    while not channel.empty():
        channel.get_nowait()
    return graph_intact(root)


def by_channel(made: Any) -> None:
    """There and back, by itself and with other things."""
    channel, root = made
    for item in (root, (1, root.rename), root.next.wrapped):
        channel.put(item)
        owned.select(channel)


def in_vain(call: Callable[..., object], *args: Any) -> None:
    """A get from channels in which there is nothing."""
    try:
        call(*args, timeout=0.0001)
    except queue.Empty:
        return
    raise AssertionError("something came")


def channel_with_item(_: object) -> Any:
    channel: owned.Channel[Node] = owned.Channel()
    channel.put(Node("a"))
    return [repr(owned.Channel(3, name="jobs")), channel]


def channel_waits(channel: owned.Channel[int]) -> Any:
    in_vain(channel.get)
    in_vain(owned.select, channel)
    token = channel._when("get", list)
    channel.put(1)
    return token


def context_that_owns() -> contextvars.Context:
    """A context that has called task_private(): CPython crashes where ContextVar.set() finds no memory."""
    context = contextvars.copy_context()
    context.run(owned.task_private, Node())
    return context


def region_of_nodes() -> tuple[owned.Region, Node]:
    """A closed region and what was born in it."""
    region = owned.Region()
    with region:
        node = Node("inside")
    return region, node


def is_private(obj: Any) -> bool:
    """Private to this thread."""
    owner = owned.owner(obj)
    return owned.state(obj) == "private" and owner is not None and owner.name == threading.current_thread().name


def refused(touch: Callable[[], object]) -> None:
    """A touch that has to be refused."""
    try:
        touch()
    except owned.OwnershipError:
        return
    raise AssertionError("allowed")


def with_two(old: tuple[int, ...]) -> tuple[int, ...]:
    """One more."""
    return (*old, 2)


def always() -> bool:
    """True."""
    return True


def change(node: Any) -> Any:
    """What a task does."""
    node.next = Node("made")
    return node


def change_and_fail(node: Any) -> Any:
    """What a task does that raises."""
    raise LookupError(change(node))


def without_a_lock(
    count: owned.AtomicInt, ref: owned.AtomicRef[Any], once: owned.Once, lazy: owned.Lazy[Any], pair: Any
) -> None:
    """What the atomic types do, also what they refuse; and two regions become one."""
    count.add(5)
    count.fetch_max(3)
    repr((count, ref, once, lazy))
    try:
        count.add(2**63 - 1)
    except OverflowError:
        ref.update(with_two)
    refused(partial(ref.set, Node()))
    refused(partial(cast(Any, once).call, once.call, int))
    once.call(tuple)
    lazy()
    (region, _), (other, _) = pair
    region.merge(other)


def without_a_lock_intact(made: Any) -> bool:
    """Each step was made or was not."""
    count, ref, once, lazy, pair = made
    return all(
        (
            count.get() in (2**40, 2**40 + 5),
            ref.get() in ((1,), (1, 2)),
            once.call(tuple) == (),
            owned.is_frozen(lazy()),
            all(is_private(node) and node.name == "inside" for _, node in pair),
        )
    )


def shared_list(lock: Any) -> tuple[Any, Any]:
    """A list under a lock."""
    return owned.share(owned.List([1, 2]), lock=lock), lock


def with_lock(made: tuple[Any, Any]) -> None:
    """Touch a list under its lock."""
    items, lock = made
    with lock:
        items.append(items[0])


def locked_intact(made: tuple[Any, Any]) -> bool:
    """Two elements, and a lock that is free."""
    items, lock = made
    with lock:
        done = items in ([1, 2], [1, 2, 1])
    return done and owned.state(items) == "shared"


def both_sides(rw: owned.RWLock) -> None:
    """Read twice; write, read and go on reading."""
    with rw.read, rw.read:
        pass
    with rw.read:
        with_read = rw.read
    with rw, with_read:
        pass


def refused_to_a_reader(made: tuple[Any, Any]) -> None:
    """Read a list under the read side, and try to write to it."""
    items, rw = made
    with rw.read:
        assert items == [1, 2]
        try:
            items.append(3)
        except owned.LockNotHeldError:
            pass


def stored_or_not(made: tuple[Any, Any, Any]) -> bool:
    """A node is private and not in the list, or shared and in it; either way the lock is free afterwards."""
    items, lock, node = made
    with lock:
        inside = items[-1] is node
        while lock._recursion_count() > 1:
            lock.release()
    return bool(owned.state(node) == ("shared" if inside else "private"))


def send_parcel(parcel: Any) -> None:
    """Pickle it all or nothing, as a message of multiprocessing."""
    with sending():
        pickle.dumps(parcel)


def for_others(data: bytes) -> Any:
    """What a helper thread of a process pool does."""
    region = owned.Region()
    with region:
        made = pickle.loads(data)
    _core.leave(region)
    return made


def nested(made: Any) -> None:
    """Store plain containers, deep."""
    made.children = [1, [2, {3: {4}}], {"a": [5]}]


def look_unchecked(node: Any) -> str:
    """Read what belongs to nobody."""
    with owned.unchecked():
        name: str = node.name
    return name


def in_strict(use: Callable[..., object]) -> Callable[[Any], None]:
    """A run in strict mode."""

    def run(made: Any) -> None:
        _core.set_mode(3)
        try:
            use(*made)
        finally:
            _core.set_mode(2)

    return run


def both_orders(a: Any, b: Any) -> None:
    """Take two locks, then try the other way round. Where memory is short, the order may not have been learnt."""
    with a, b:
        pass
    try:
        with b, a:
            pass
    except owned.LockOrderError:
        pass


def made_between(a: Any, b: Any) -> None:
    """A lock that lives shortly, taken between two others, and one that dies held."""
    with a, owned.RLock(), b:
        owned.Lock().acquire()


def waits(a: Any, b: Any) -> None:
    """What Condition.wait() does with a lock that should be given back before another one."""
    with a, b:
        a._acquire_restore(a._release_save())


def both_free(made: Any) -> bool:
    """Nobody holds them."""
    return not any(lock.locked() for lock in made)


def two_locks() -> tuple[Any, Any]:
    """Two, of both kinds."""
    return owned.Lock(), owned.RLock()


def task_returns(work: Callable[[Any], Any]) -> None:
    """Make a call as a pool does, and take what it made."""
    task = _core.Task(work, (owned.move(Node("argument")),), None, "pass")
    try:
        node = task.run_apart()
    except LookupError as error:
        node = error.args[0]
    task.arrive()
    assert node.next.name == "made"


def pair(first: Any, second: Any) -> tuple[str, str]:
    """Of two objects that a call got."""
    return first.name, second.name


KEPT = owned.freeze(Node())  # and with it the class of frozen nodes, which is not made anew each time


def together(made: tuple[Any, Any]) -> None:
    """Two locks and a third, as one; and a lock that is none of ours."""
    a, b = made
    with owned.Lock() + (a + b):
        repr(b + a)
    try:
        a + threading.Lock()
    except TypeError:
        pass


def wait_a_moment(condition: Any) -> None:
    """Wait under a condition, and notify nobody."""
    with condition:
        assert condition.wait(0) is False
        condition.notify()
        assert condition.wait_for(always, 1)
        repr(condition)


def use_permits(semaphore: Any) -> None:
    """Take permits in every way, and give back one too many."""
    with semaphore, semaphore:
        assert semaphore.acquire(timeout=0) is False
        repr(semaphore)
    try:
        semaphore.release()
    except owned.PermitNotHeldError:
        pass


def all_permits_free(semaphore: Any) -> bool:
    """Nobody has any."""
    return repr(semaphore).endswith(": value=2/2>")


SCENARIOS: dict[str, Scenario] = {
    "slots class": Scenario(lambda: None, lambda _: Node("a", Node("b"))),
    "dict class": Scenario(lambda: None, lambda _: Bag(a=1, b=[2], c={3: [4]})),
    "new class": Scenario(
        lambda: None, lambda _: owned.owned(type("New", (), {"__slots__": ("a",), "m": lambda s: s.a}))
    ),
    "attribute": Scenario(
        lambda: Node("a"), lambda node: node.rename("b"), lambda node: node.name in ("a", "b") and is_private(node)
    ),
    "new attribute": Scenario(Bag, lambda bag: setattr(bag, "fresh", 1), lambda bag: set(vars(bag)) <= {"fresh"}),
    "settle": Scenario(lambda: Node("a"), nested, lambda node: type(node.children) is owned.List),
    "Channel": Scenario(lambda: None, channel_with_item),
    "channel": Scenario(lambda: (owned.Channel(), graph()), by_channel, channel_intact),
    "channel waits": Scenario(
        owned.Channel,
        channel_waits,
        lambda channel: channel.qsize() <= 1,
    ),
    "List": Scenario(lambda: None, lambda _: owned.List([1, [2], {3: 4}])),
    "Dict": Scenario(lambda: None, lambda _: owned.Dict(a=[1], b={2})),
    "Set": Scenario(lambda: None, lambda _: owned.Set([1, 2, (3,)])),
    "list append": Scenario(
        lambda: owned.List([1]), lambda items: items.append([2]), lambda items: items in ([1], [1, [2]])
    ),
    "list extend": Scenario(
        lambda: owned.List([1]), lambda items: items.extend([[2], [3]]), lambda items: items[0] == 1
    ),
    "list slice": Scenario(
        lambda: owned.List([1, 2, 3]),
        lambda items: items.__setitem__(slice(1, 2), [[4], [5]]),
        lambda items: items[0] == 1,
    ),
    "list walk": Scenario(
        lambda: owned.List([1, 2]), lambda items: [list(items), list(reversed(items)), items + items]
    ),
    "dict set": Scenario(
        lambda: owned.Dict(a=1),
        lambda items: items.__setitem__("b", [1]),
        lambda items: items["a"] == 1 and len(items) <= 2,
    ),
    "dict update": Scenario(
        lambda: owned.Dict(a=1), lambda items: items.update(b=[1], c={}), lambda items: items["a"] == 1
    ),
    "dict walk": Scenario(
        lambda: owned.Dict(a=1), lambda items: [list(items), list(items.items()), items | {"b": 1}, items.copy()]
    ),
    "set add": Scenario(lambda: owned.Set([1]), lambda items: items.add(2), lambda items: 1 in items),
    "set walk": Scenario(lambda: owned.Set([1]), lambda items: [list(items), items | {2}, items.copy()]),
    "own": Scenario(Plain, owned.own, lambda plain: plain.items == [1, 2, 3]),
    "wrapper": Scenario(
        lambda: owned.own(Plain()),
        lambda w: (w.items[0], w().append, w.table["a"], list(w.items)),
        lambda w: w.items[2] == 3,
    ),
    "wrapper write": Scenario(
        lambda: owned.own(Plain()), lambda w: w.items.append(4), lambda w: 3 <= len(w.items) <= 4
    ),
    "own twice": Scenario(lambda: owned.own(Plain()), lambda w: owned.own(owned.unwrap(w)), is_private),
    "unwrap": Scenario(lambda: owned.own(Plain()), owned.unwrap, is_private),
    "Region": Scenario(lambda: None, lambda _: region_of_nodes()),
    "without a lock, and merging": Scenario(
        lambda: (
            owned.AtomicInt(2**40),
            owned.AtomicRef((1,)),
            owned.Once(),
            owned.Lazy(lambda: {"a": [1]}),
            (region_of_nodes(), region_of_nodes()),
        ),
        lambda made: without_a_lock(*made),
        without_a_lock_intact,
    ),
    "Lock": Scenario(lambda: None, lambda _: owned.Lock()),
    "RLock": Scenario(lambda: None, lambda _: owned.RLock()),
    "RWLock": Scenario(owned.RWLock, both_sides, lambda rw: not rw.locked()),
    "RWLock that dies held": Scenario(lambda: None, lambda _: owned.RWLock().read.acquire()),
    "share under an RWLock": Scenario(graph, lambda root: owned.share(root, lock=owned.RWLock()), graph_intact),
    "read side refuses": Scenario(lambda: shared_list(owned.RWLock()), refused_to_a_reader, locked_intact),
    "share": Scenario(graph, lambda root: owned.share(root, lock=owned.Lock()), graph_intact),
    "share without a lock": Scenario(graph, owned.share, graph_intact),
    "share under theirs": Scenario(graph, lambda root: owned.share(root, lock=threading.RLock()), graph_intact),
    "share a Region": Scenario(
        region_of_nodes, lambda made: owned.share(made[0]), lambda made: made[1].name == "inside"
    ),
    "move": Scenario(graph, owned.move, graph_intact),
    "task_private": Scenario(
        lambda: (context_that_owns(), graph()),
        lambda made: made[0].run(owned.task_private, made[1]),
        lambda made: made[0].run(graph_intact, made[1]),
    ),
    "move a Region": Scenario(region_of_nodes, lambda made: owned.move(made[0]), lambda made: made[1].name == "inside"),
    "move to": Scenario(graph, lambda root: owned.move(root, to=threading.main_thread()), graph_intact),
    "claim": Scenario(
        lambda: owned.move(graph()), lambda parcel: parcel.claim(), lambda parcel: graph_intact(parcel.claim())
    ),
    "pickle a Parcel": Scenario(
        lambda: owned.move(Node("a", Node("b"))),
        send_parcel,
        lambda parcel: parcel.claim().next.name == "b",
    ),
    "parcel that arrived": Scenario(
        lambda: pickle.loads(pickle.dumps(owned.move(Node("a")))),
        lambda parcel: parcel.claim(),
        lambda parcel: parcel.claim().name == "a",
    ),
    "frozen that arrives": Scenario(
        lambda: pickle.dumps(owned.freeze(Node("a", Node("b")))), lambda data: pickle.dumps(pickle.loads(data))
    ),
    "unpickled for others": Scenario(
        lambda: pickle.dumps(Node("a", Node("b"))), lambda data: for_others(data).next.name
    ),
    "adopt": Scenario(
        lambda: left_behind(graph),
        owned.adopt,
        lambda root: owned.state(root) == "orphaned" and graph_intact(owned.adopt(root)),
    ),
    "touch what is another's": Scenario(
        lambda: left_behind(Node),
        lambda node: refused(partial(getattr, node, "name")),
        lambda node: owned.state(node) == "orphaned",
    ),
    "touch without the lock": Scenario(
        lambda: owned.share(Node(), lock=owned.Lock()),
        lambda node: refused(partial(setattr, node, "name", "x")),
        lambda node: owned.state(node) == "shared",
    ),
    "touch what was moved": Scenario(
        lambda: (node := Node(), owned.move(node)),
        lambda made: refused(partial(getattr, made[0], "name")),
        lambda made: made[1].claim().name == "node",
    ),
    "under our lock": Scenario(lambda: shared_list(owned.Lock()), with_lock, locked_intact),
    "under their lock": Scenario(lambda: shared_list(threading.RLock()), with_lock, locked_intact),
    "under a Condition": Scenario(
        lambda: shared_list(threading.Condition(cast(Any, owned.RLock()))), with_lock, locked_intact
    ),
    "store in shared": Scenario(
        lambda: (*shared_list(owned.RLock()), Node("n")),
        lambda made: made[1].__enter__() and (made[0].append(made[2]), made[1].release()),
        stored_or_not,
    ),
    "release what is not held": Scenario(
        owned.Lock, lambda lock: refused(lock.release), lambda lock: not lock.locked()
    ),
    "compound lock": Scenario(lambda: (owned.Lock(), owned.RLock()), together, both_free),
    "condition": Scenario(owned.Condition, wait_a_moment, lambda condition: not condition.locked()),
    "semaphore": Scenario(lambda: owned.BoundedSemaphore(2), use_permits, all_permits_free),
    "lock order": Scenario(two_locks, in_strict(both_orders), both_free),
    "lock order of short lives": Scenario(two_locks, in_strict(made_between), both_free),
    "lock order in wait": Scenario(two_locks, in_strict(waits), both_free),
    "locked": Scenario(
        lambda: owned.share(owned.List([1])),
        lambda items: owned.locked(items).__enter__() and owned.lock_of(items).release(),
        lambda items: not owned.lock_of(items).locked() or owned.lock_of(items).release() is None,
    ),
    "look": Scenario(graph, lambda root: (owned.state(root), owned.owner(root), owned.lock_of(root)), graph_intact),
    "task": Scenario(lambda: None, lambda _: task_returns(change)),
    "task that raises": Scenario(lambda: None, lambda _: task_returns(change_and_fail)),
    "task that is refused": Scenario(
        graph, lambda root: refused(partial(_core.Task, refused, (1, root), {"touch": None})), graph_intact
    ),
    "task of two parcels": Scenario(
        lambda: (owned.move(Node()), pickle.loads(pickle.dumps(owned.move(Node())))),
        lambda parcels: cast(Any, _core.Task)(pair, parcels[:1], {"second": parcels[1]}).run_here(),
        lambda parcels: _core.is_claimed(parcels[0]) == _core.is_claimed(parcels[1]),
    ),
    "task that nobody takes": Scenario(
        lambda: None, lambda _: cast(Any, _core.Task)(Node, ()).run_apart(), lambda made: True
    ),
    "explain": Scenario(graph, owned.explain, graph_intact),
    "repr": Scenario(graph, repr, graph_intact),
    "unchecked": Scenario(lambda: left_behind(Node), look_unchecked),
}


def is_out_of_memory(error: BaseException) -> bool:
    """A MemoryError, or what CPython makes of one.

    ``frame.f_back`` forgets that it failed, which the next C call tells as a SystemError caused by the MemoryError;
    3.11 loses an exception raised by a descriptor when there is no memory for its traceback; ``threading.Lock()``
    and ``RLock()`` say RuntimeError; the pickler cannot import a module, it says.
    """
    if isinstance(error, pickle.PicklingError):
        return str(error).endswith(" failed")
    if isinstance(error, SystemError):
        return isinstance(error.__cause__, MemoryError) or str(error) == "error return without exception set"
    return isinstance(error, MemoryError) or str(error) == "can't allocate lock"


EXPECTED = (
    MemoryError,
    SystemError,
    RuntimeError,
    pickle.PicklingError,
)  # made here: there is no memory for it where it is used


def starve(scenario: Scenario, window: int = 600, quiet: int = 40) -> int:
    """Let the n-th allocation fail, for every n until nothing fails any more; how often it was a MemoryError."""
    import _testcapi  # type: ignore[import-not-found]  # CPython ships no stub for it

    failures = successes = 0
    for both in (0, 1):  # one allocation fails; all from there on fail
        for step in range(window):
            made = scenario.make()
            gc.collect(0)
            error = result = None
            _testcapi.set_nomemory(step, 0 if both else step + 1)
            try:
                result = scenario.run(made)
            except EXPECTED as caught:
                error = caught
            finally:
                _testcapi.remove_mem_hooks()
            if error is not None:
                assert is_out_of_memory(error), repr(error)
                error = error.with_traceback(None)
                failures += 1
                successes = 0
                assert scenario.intact(made), f"not as before, allocation {step}"
                made = scenario.make()
                result = scenario.run(made)
            else:
                successes += 1
            del made, error, result
            if successes > quiet:
                break
        else:
            raise AssertionError(f"still failing after {window} allocations")
        successes = 0
    return failures


WARM_UP = 1000
ROUNDS = 1500 if "OWNED_STRESS" in os.environ else 500


def count(scenario: Scenario) -> tuple[int, int]:
    """How many memory blocks, and objects the collector sees, `ROUNDS` more leave behind: pools are full by then."""

    def measured(n: int) -> tuple[int, int]:
        for _ in range(n):
            scenario.run(scenario.make())
        for _ in range(3):
            gc.collect()
        return sys.getallocatedblocks(), len(gc.get_objects())

    blocks, objects = measured(WARM_UP)
    blocks_after, objects_after = measured(ROUNDS)
    return blocks_after - blocks, objects_after - objects


END = "scenario ended with exit status "
SECONDS = 60  # that a task may take


def serve() -> None:
    """Answer requests until there are no more; in a fork, return when its task is done."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            faulthandler.enable()
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            task, name = line.rstrip("\n").split(" ", 1)
            if task == "starve":
                print(starve(SCENARIOS[name]))
            else:
                print(*count(SCENARIOS[name]))
            return
        _, status = os.waitpid(child, 0)
        print(f"{END}{os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    serve()
