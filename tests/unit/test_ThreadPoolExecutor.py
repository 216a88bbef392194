# SPDX-License-Identifier: MIT
"""ThreadPoolExecutor: what may go to a task, and whose its result is."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import gc
import pickle
import queue
import subprocess
import sys
import threading
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import owned
from guarded import Bag, Node
from owned import Channel, List, Region, State, ThreadPoolExecutor, freeze, move, own, owner, share, state


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """One worker."""
    with ThreadPoolExecutor(1, "worker") as pool:
        yield pool


def give(account: Any, other: Any = None, *, amount: Any = 1) -> Any:
    """What it gets."""
    return account


def make(count: int) -> list[Any]:
    """Private objects, in a plain list."""
    return [Node(str(i)) for i in range(count)]


def my_name() -> str:
    """The calling thread's."""
    return threading.current_thread().name


# ---- what may go to a task -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [1, "text", (1, ("a", b"b")), frozenset({1}), owned.freeze([1, 2]), threading.Event(), None, len, Node, my_name],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_change_passes_as_it_is(pool: ThreadPoolExecutor, value: Any) -> None:
    """Immutable, frozen, code, and what guards itself."""
    assert pool.submit(give, value).result() is value


def test_what_is_shared_passes_and_goes_on_being_shared(pool: ThreadPoolExecutor) -> None:
    """The task takes its lock."""
    account = share(Node())

    def rename(account: Any) -> None:
        with owned.locked(account):
            account.name = "renamed"

    assert pool.submit(rename, account).result() is None
    with owned.locked(account):
        assert account.name == "renamed"


def test_of_a_parcel_the_function_gets_the_object(pool: ThreadPoolExecutor) -> None:
    """It is the task's, and then whoever's who takes the result."""
    node = Node()

    def rename(node: Any, *, also: Any) -> Any:
        node.name, also.name = "renamed", "too"
        return node, also

    also = Node()
    got, got_also = pool.submit(rename, move(node), also=move(also)).result()
    assert got is node and got.name == "renamed" and owner(got).name == my_name()
    assert got_also is also and got_also.name == "too"


def refused() -> dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], str]]:
    """By name: a call that may not be made, and what its error says."""
    node = Node()
    plain: list[Any] = []

    def closure() -> Any:
        return node

    def deeper() -> Any:
        return closure()

    def default(x: Any = node) -> Any:
        return x

    def keyword_default(*, x: Any = plain) -> Any:
        return x

    class Callable:
        def __call__(self) -> None: ...

    cases: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any], str]] = {
        "argument": (give, (node,), {}, r"argument 1 \('account'\) of give\(\) is a Node.* private to thread"),
        "second": (give, (1, plain), {}, r"argument 2 \('other'\) of give\(\) is a list"),
        "inside": (give, ((1, [2]),), {}, r"argument 1 \('account'\)\[1\] of give\(\) is a list"),
        "keyword": (give, (1,), {"amount": node}, r"argument 'amount' of give\(\) is a Node"),
        "closure": (closure, (), {}, r"the closure variable 'node' of closure\(\) is a Node"),
        "deeper": (deeper, (), {}, r"the closure variable 'node' of the closure variable 'closure' of deeper\(\)"),
        "default": (default, (), {}, r"the default of 'x' of default\(\) is a Node"),
        "keyword default": (keyword_default, (), {}, r"the default of 'x' of keyword_default\(\) is a list"),
        "self": (node.rename if hasattr(node, "rename") else node.__init__, (), {}, r"the self of .*\(\) is a Node"),
        "plain self": (plain.append, (1,), {}, r"list\.append\(\) is a list"),
        "partial": (functools.partial(give, plain), (), {}, r"argument 1 in the partial\(\) of give\(\) is a list"),
        "partial keyword": (functools.partial(give, amount=node), (1,), {}, r"argument 'amount' in the partial\(\)"),
        "callable": (Callable(), (), {}, r"the callable of Callable\(\) is a Callable"),
        "callback": (give, (closure,), {}, r"the closure variable 'node' of argument 1 \('account'\) of give\(\)"),
    }
    return cases


@pytest.mark.parametrize("case", list(refused()))
def test_what_may_not_pass_is_refused_at_once(pool: ThreadPoolExecutor, case: str) -> None:
    """With the argument named, and nothing was queued."""
    function, args, kwargs, text = refused()[case]
    with pytest.raises((owned.WrongThreadError, TypeError), match=text):
        pool.submit(function, *args, **kwargs)
    assert pool._work_queue.empty()
    assert not pool._threads


def test_a_claimed_parcel_is_refused_at_once(pool: ThreadPoolExecutor) -> None:
    """It is empty."""
    parcel = move(Node())
    parcel.claim()
    with pytest.raises(owned.MovedError, match=r"argument 1 \('account'\) of give\(\) is a parcel that was claimed"):
        pool.submit(give, parcel)


def test_what_is_moved_or_left_behind_is_refused(pool: ThreadPoolExecutor, elsewhere: Any) -> None:
    """It is not this thread's to give."""
    moved = Node()
    parcel = move(moved)
    with pytest.raises(owned.MovedError, match=r"argument 1 .*it was moved and nobody has claimed it yet"):
        pool.submit(give, moved)
    assert parcel.claim() is moved
    with pytest.raises(owned.OrphanedError, match=r"argument 1 .*whose it was, has ended"):
        pool.submit(give, elsewhere(Node))


def test_the_function_has_to_be_callable(pool: ThreadPoolExecutor) -> None:
    """Refused at once, too."""
    with pytest.raises(TypeError, match="must be callable, got int"):
        pool.submit(3)  # type: ignore[arg-type]


def test_unguarded_wrap() -> None:
    """An unguarded argument is wrapped and moved: the task gets the wrapper; code cannot be wrapped."""
    plain = [1]
    with ThreadPoolExecutor(1, unguarded="wrap") as pool:
        got = pool.submit(give, 1, plain).result()
        assert got == 1
        got = pool.submit(give, plain).result()
        assert got is not plain and got == [1] and owner(got).name == my_name()
        with pytest.raises(TypeError, match="the closure variable 'plain'"):
            pool.submit(lambda: plain)
        with pytest.raises(owned.WrongThreadError, match="argument 2"):
            pool.submit(give, plain, Node())


@pytest.mark.parametrize("made", [False, True], ids=["given", "made"])
@pytest.mark.parametrize("verb", ["move", "share", "put"])
def test_what_was_wrapped_for_a_task_goes_with_its_result(verb: str, made: bool) -> None:
    """It cannot be handed over alone, neither by the task nor by who took it: the message tells where it goes."""
    channel: Channel[Any] = Channel()
    hand_over: Callable[[Any], Any] = {"move": move, "share": share, "put": channel.put}[verb]  # type: ignore[assignment]

    def hand_on(got: Any, freezes: bool) -> Any:
        got = own([1]) if made else got
        with pytest.raises(owned.OwnershipError, match=r"wrapped for a task.*takes its result.*freeze\(\)"):
            hand_over(got)
        return channel.put(freeze(got)) if freezes else got

    with ThreadPoolExecutor(1, unguarded="wrap") as pool:
        assert pool.submit(functools.partial(hand_on), [1], True).result(30) is None
        got = pool.submit(functools.partial(hand_on), [1], False).result(30)
    assert channel.get(timeout=0) == (1,)
    with pytest.raises(owned.OwnershipError, match="wrapped for a task"):
        hand_over(got)
    channel.put(freeze(got))
    assert channel.get(timeout=0) == (1,)


def test_what_was_wrapped_in_a_region_goes_with_it() -> None:
    """That message is for regions of the program's own."""
    with Region():
        wrapped = own([1])
    with pytest.raises(owned.OwnershipError, match=r"inside a `with Region\(\)` block goes where its region goes"):
        move(wrapped)


def test_unguarded_pass() -> None:
    """What nobody guards passes; what is private does not."""
    plain: list[int] = []
    with ThreadPoolExecutor(1, unguarded="pass") as pool:
        assert pool.submit(give, plain).result() is plain
        pool.submit(plain.append, 1).result()
        pool.submit(lambda: plain.append(2)).result()
        assert plain == [1, 2]
        with pytest.raises(owned.WrongThreadError):
            pool.submit(give, Node())


def test_unguarded_is_one_of_three() -> None:
    """Nothing else."""
    with pytest.raises(ValueError, match="`unguarded` must be one of 'raise', 'wrap', 'pass', got 'ignore'"):
        ThreadPoolExecutor(1, unguarded="ignore")  # type: ignore[arg-type]


# ---- whose the result is -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 10, 10_000])
def test_the_result_and_all_that_was_made_is_the_takers(pool: ThreadPoolExecutor, count: int) -> None:
    """Of whatever size, and through unguarded containers too; before it is taken it is nobody's."""
    future = pool.submit(make, count)
    concurrent.futures.wait([future])
    untaken = future._result[-1]
    assert state(untaken) is State.IN_TRANSIT
    with pytest.raises(owned.MovedError, match=r"a task made it whose result nobody has taken yet \(return\(list\) at"):
        untaken.name
    nodes = future.result()
    assert nodes[-1] is untaken and nodes[-1].name == str(count - 1)
    assert all(owner(node).name == my_name() for node in nodes)


def test_taking_takes_constant_time(pool: ThreadPoolExecutor) -> None:
    """One region changes hands, whatever is in it: no object is re-pointed before it is touched."""
    results = [pool.submit(make, count).result() for count in (10, 1000)]
    for nodes in results:
        before = owned.stats().regions
        nodes[0].name
        assert owned.stats().regions == before
    regions = {id(owned._core.region_facts(node)[1]) for nodes in results for node in nodes}
    assert len(regions) == 1


def test_the_first_thread_that_takes_it_owns_it(pool: ThreadPoolExecutor, elsewhere: Any) -> None:
    """The second one gets the same object, which is private to the first."""
    future = pool.submit(Node)
    node = elsewhere(future.result)
    assert future.result() is node
    with pytest.raises(owned.OrphanedError, match="thread 'elsewhere'"):
        node.name


def test_asking_for_the_exception_leaves_the_result(pool: ThreadPoolExecutor, elsewhere: Any) -> None:
    """Neither that nor wait(), done() or repr() takes it."""
    future = pool.submit(Node)
    concurrent.futures.wait([future])
    assert elsewhere(future.exception) is None
    assert future.done() and "returned Node" in repr(future)
    assert future.result().name == "node"


def test_a_returned_parcel_is_claimed(pool: ThreadPoolExecutor) -> None:
    """Once: asking again gives the object again."""
    future = pool.submit(lambda: move(Node("moved")))
    assert future.result().name == "moved"
    assert future.result() is future.result()


def test_what_was_shared_meanwhile_stays_shared(pool: ThreadPoolExecutor) -> None:
    """The result as such, and what was stored in a shared object."""
    registry = share(List())

    def work(registry: Any) -> Any:
        node = Node()
        with owned.locked(registry):
            registry.append(node)
        return share(Node()), node

    mine, stored = pool.submit(work, registry).result()
    assert state(mine) is State.SHARED
    assert state(stored) is State.SHARED and owned.lock_of(stored) is owned.lock_of(registry)


def test_what_the_worker_made_before_stays_its_own() -> None:
    """The initializer's objects, and what a task gets of them."""
    local = threading.local()

    def prepare() -> None:
        local.node = Node("the worker's")

    def use() -> tuple[Any, str]:
        return local.node, local.node.name

    with ThreadPoolExecutor(1, "worker", prepare) as pool:
        for _ in range(2):
            node, name = pool.submit(use).result()
            assert name == "the worker's"
            with pytest.raises(owned.WrongThreadError, match="worker_0"):
                node.name


def test_a_task_keeps_nothing(pool: ThreadPoolExecutor) -> None:
    """What it made and kept elsewhere went to the taker, and is not the worker's any more."""
    local = threading.local()

    def keep() -> None:
        local.node = Node()

    def use() -> str:
        return str(local.node.name)

    pool.submit(keep).result()
    with pytest.raises(owned.WrongThreadError, match="private to thread 'MainThread'"):
        pool.submit(use).result()


def test_what_a_task_claims_is_handed_over_too(pool: ThreadPoolExecutor) -> None:
    """By itself, out of a channel, and by taking the result of another task."""
    parcels: Any = queue.SimpleQueue()
    parcels.put(move(Node("claimed")))
    channel = owned.Channel[Any]()
    channel.put(Node("got"))
    channel.put(Node(next=Node("behind")))

    def claim() -> Any:
        return parcels.get().claim()

    def take() -> Any:
        with ThreadPoolExecutor(1) as inner:
            return inner.submit(Node, "inner").result()

    def get() -> Any:
        with Region():
            return channel.get()

    got, linked = pool.submit(get).result(), pool.submit(get).result()
    assert (got.name, linked.next.name, owner(linked.next).name) == ("got", "behind", my_name())
    for task, name in ((claim, "claimed"), (take, "inner")):
        node = pool.submit(task).result()
        assert node.name == name and owner(node).name == my_name()


def test_a_region_block_that_a_task_leaves_open(pool: ThreadPoolExecutor) -> None:
    """Is closed with the task; the worker's next objects are born where they should be."""
    pool.submit(lambda: Region().__enter__() and None).result()
    assert pool.submit(Node, "next").result().name == "next"


def test_wrappers_are_handed_over(pool: ThreadPoolExecutor) -> None:
    """What own() made in a task, and what comes out of it."""
    wrapped = pool.submit(lambda: own({"inner": [1, 2]})).result()
    assert wrapped["inner"][1] == 2
    assert owner(wrapped["inner"]).name == my_name()


# ---- exceptions ----------------------------------------------------------------------------------------------------


def test_an_exception_hands_over_what_it_has(pool: ThreadPoolExecutor) -> None:
    """And what the task claimed: it can be tried again."""
    argument = Node("argument")

    def fail(node: Any) -> None:
        raise LookupError(node, Node("made"))

    with pytest.raises(LookupError) as caught:
        pool.submit(fail, move(argument)).result()
    node, made = caught.value.args
    assert node is argument and node.name == "argument" and made.name == "made"
    future = pool.submit(fail, move(node))
    error = future.exception()
    assert error is not None and error.args[0].name == "argument"


def test_a_timeout_takes_nothing(pool: ThreadPoolExecutor, elsewhere: Any) -> None:
    """Waiting in vain is not asking."""
    go = threading.Event()

    def work(go: Any) -> Any:
        go.wait(30)
        return Node()

    future = pool.submit(work, go)
    with pytest.raises(TimeoutError):
        future.result(timeout=0.001)
    with pytest.raises(TimeoutError):
        future.exception(timeout=0.001)
    go.set()
    assert elsewhere(lambda: future.result().name) == "node"


def test_the_traceback_keeps_its_lines_and_not_the_objects(pool: ThreadPoolExecutor) -> None:
    """Nor do the exceptions behind it: context, cause, and those in a group."""
    kept: list[weakref.ref[Any]] = []

    def inner(depth: int) -> None:
        node = Bag()
        kept.append(weakref.ref(node))
        if depth:
            inner(depth - 1)
        raise ValueError("inner")

    def outer() -> None:
        node = Bag()
        kept.append(weakref.ref(node))
        try:
            inner(2)
        except ValueError as error:
            try:
                inner(0)
            except ValueError as other:
                raise ExceptionGroup("group", [error]) from other

    with ThreadPoolExecutor(1, unguarded="pass") as pool:
        future = pool.submit(outer)
        error = future.exception()
    assert error is not None
    gc.collect()
    assert len(kept) == 5 and [ref() for ref in kept] == [None] * 5
    text = "".join(traceback.format_exception(error))
    assert text.count("in inner") == 4 and "in outer" in text and "raise ExceptionGroup" in text
    assert all(part in text for part in ("ValueError: inner", "direct cause"))


def test_a_future_with_an_exception_dies_at_once(pool: ThreadPoolExecutor) -> None:
    """Nothing goes round in circles: no collection is needed."""

    def fail() -> None:
        raise LookupError(Node())

    gc.disable()
    try:
        future = pool.submit(fail)
        with pytest.raises(LookupError):
            future.result()
        concurrent.futures.wait([pool.submit(int)])  # the worker has let go
        gone = weakref.ref(future)
        del future
        if sys.version_info < (3, 13) or sys._is_gil_enabled():
            assert gone() is None
    finally:
        gc.enable()


# ---- the rest of the standard pool ---------------------------------------------------------------------------------


def test_map_hands_over_each_result(pool: ThreadPoolExecutor) -> None:
    """In order, to the thread that iterates."""
    for nodes, count in zip(pool.map(make, [1, 2, 3]), [1, 2, 3], strict=True):
        assert [node.name for node in nodes] == [str(i) for i in range(count)]


def test_map_judges_all_items_first(pool: ThreadPoolExecutor) -> None:
    """Nothing runs if one of them may not pass; a note tells which."""
    ran = threading.Event()

    def work(item: Any) -> None:
        ran.set()

    with pytest.raises(TypeError, match=r"argument 1 \('item'\)") as caught:
        pool.map(work, [1, 2, [3]])
    assert caught.value.__notes__ == ["It was to be item 2 of map()."]
    pool.shutdown()
    assert not ran.is_set()


@pytest.mark.skipif(sys.version_info < (3, 14), reason="map() has no buffersize")
def test_map_with_a_buffer(pool: ThreadPoolExecutor) -> None:
    """Items are judged as they are asked for."""
    items: Iterator[Any] = iter([1, 2, 3, [4]])
    results = pool.map(make, items, buffersize=1)
    assert next(results)[0].name == "0"
    assert next(results)[1].name == "1"
    with pytest.raises(TypeError, match="is a list"):
        list(results)


def test_as_completed_takes_nothing(pool: ThreadPoolExecutor, elsewhere: Any) -> None:
    """Whoever asks for the result does."""
    futures = [pool.submit(make, 1) for _ in range(3)]
    assert elsewhere(lambda: len(list(concurrent.futures.as_completed(futures)))) == 3
    assert [future.result()[0].name for future in futures] == ["0"] * 3


def test_a_callback_that_takes_the_result_owns_it(pool: ThreadPoolExecutor) -> None:
    """It runs on the worker; what it does not take is for others."""
    seen: list[Any] = []
    go = threading.Event()

    def work() -> Any:
        go.wait(30)
        return Node()

    def take(future: Any) -> None:
        seen.append((my_name(), future.result().name))

    def look(future: Any) -> None:
        seen.append(future.done())

    taken, untaken = pool.submit(work), pool.submit(work)
    taken.add_done_callback(take)
    untaken.add_done_callback(look)
    go.set()
    assert untaken.result().name == "node"
    pool.shutdown()
    assert seen == [("worker_0", "node"), True]
    with pytest.raises(owned.OrphanedError, match="worker_0"):
        taken.result().name


def test_cancelled_tasks_leave_their_parcels(pool: ThreadPoolExecutor) -> None:
    """What never ran claimed nothing: the parcels can be claimed still."""
    go, running = threading.Event(), threading.Event()
    pool.submit(lambda: running.set() or go.wait(30))
    running.wait(30)
    parcels = [move(Node(str(i))) for i in range(2)]
    first, second = (pool.submit(give, parcel) for parcel in parcels)
    assert first.cancel()
    pool.shutdown(wait=False, cancel_futures=True)
    go.set()
    pool.shutdown()
    assert second.cancelled()
    with pytest.raises(concurrent.futures.CancelledError):
        first.result()
    assert [parcel.claim().name for parcel in parcels] == ["0", "1"]


sealed = threading.Event()


def unseal() -> Any:
    """What a parcel's pickle calls."""
    if sealed.is_set():
        raise ConnectionError("not now")
    return "opened"


class Sealed:
    """Cannot be unpickled while it is sealed."""

    def __reduce__(self) -> Any:
        return unseal, ()


@pytest.mark.parametrize("which", ["first", "second", "named", "sealed"])
def test_a_task_claims_all_or_nothing(pool: ThreadPoolExecutor, which: str) -> None:
    """Where one parcel was claimed meanwhile, or cannot be opened, the others are as they were."""
    go, ran = threading.Event(), threading.Event()
    pool.submit(lambda: go.wait(30))
    parcels = {name: move(Node(name)) for name in ("first", "second", "named", "last")}
    named = {name: parcels[name] for name in ("named", "last")}
    if which == "sealed":
        parcels["named"] = named["named"] = pickle.loads(pickle.dumps(move(Bag(name=Sealed()))))
    task = pool.submit(lambda *_args, ran=ran, **_kwargs: ran.set(), parcels["first"], parcels["second"], **named)
    if which == "sealed":
        sealed.set()
    else:
        assert parcels[which].claim().name == which
    go.set()
    with pytest.raises(ConnectionError if which == "sealed" else owned.MovedError):
        task.result(30)
    sealed.clear()
    assert not ran.is_set()
    left = [name for name in parcels if name != which]
    assert ["unclaimed" in repr(parcels[name]) for name in left] == [True] * len(left)
    assert [parcels[name].claim().name for name in left] == [
        "opened" if which == "sealed" and name == "named" else name for name in left
    ]


def test_one_parcel_twice(pool: ThreadPoolExecutor) -> None:
    """It is claimed once: the task is refused, and the parcel is as it was."""
    parcel = move(Node())
    with pytest.raises(owned.MovedError, match="has been claimed"):
        pool.submit(give, parcel, parcel).result(30)
    assert parcel.claim().name == "node"


def test_a_pool_that_was_shut_down_takes_nothing(pool: ThreadPoolExecutor) -> None:
    """The parcel is not lost; what was submitted before runs."""
    future = pool.submit(make, 1)
    pool.shutdown(wait=False)
    parcel = move(Node())
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        pool.submit(give, parcel)
    assert parcel.claim().name == "node"
    assert future.result()[0].name == "0"


def test_a_failing_initializer_breaks_the_pool(caplog: Any) -> None:
    """As it breaks the standard one; the parcels of the tasks are not lost."""
    go = threading.Event()

    def fail(go: Any) -> None:
        go.wait(30)
        raise LookupError("no luck")

    parcel = move(Node())
    with ThreadPoolExecutor(1, initializer=fail, initargs=(go,)) as pool:
        future = pool.submit(give, parcel)
        go.set()
        with pytest.raises(concurrent.futures.thread.BrokenThreadPool):
            future.result()
        with pytest.raises(concurrent.futures.thread.BrokenThreadPool):
            pool.submit(int)
    assert "no luck" in caplog.text
    assert parcel.claim().name == "node"


def test_the_initializers_arguments_are_judged() -> None:
    """Every worker gets them."""
    with pytest.raises(TypeError, match=r"argument 1 .* is a list"):
        ThreadPoolExecutor(1, initializer=give, initargs=([],))
    with pytest.raises(TypeError, match="initializer must be a callable"):
        ThreadPoolExecutor(1, initializer=3)  # type: ignore[arg-type]


def test_tasks_submit_tasks(pool: ThreadPoolExecutor) -> None:
    """A worker hands over what is its own, as any thread does."""
    with ThreadPoolExecutor(2) as pool:

        def grow(depth: int, node: Any) -> Any:
            if not depth:
                return node
            with pytest.raises(owned.WrongThreadError, match="argument 2"):
                pool2.submit(give, 1, node)
            return pool2.submit(rename, move(node)).result()

        def rename(node: Any) -> Any:
            node.name += "!"
            return node

        with ThreadPoolExecutor(1) as pool2:
            assert pool.submit(grow, 1, move(Node())).result().name == "node!"


def test_asyncio_takes_the_result_on_its_loop(pool: ThreadPoolExecutor) -> None:
    """run_in_executor(): what a task made is the loop's thread's."""

    async def main() -> Any:
        node = await asyncio.get_running_loop().run_in_executor(pool, Node, "made")
        assert node.name == "made"
        with pytest.raises(LookupError) as caught:
            await asyncio.get_running_loop().run_in_executor(pool, fail)
        return node, caught.value.args[0].name

    def fail() -> None:
        raise LookupError(Node("in error"))

    node, name = asyncio.run(main())
    assert owner(node).name == my_name() and name == "in error"


def test_it_is_a_standard_pool(pool: ThreadPoolExecutor) -> None:
    """To those who ask, as asyncio does."""
    assert isinstance(pool, concurrent.futures.ThreadPoolExecutor)
    future = pool.submit(int)
    assert isinstance(future, concurrent.futures.Future)
    assert future.result() == 0


def test_an_unclaimed_result_is_told_in_strict_mode(pool: ThreadPoolExecutor) -> None:
    """Once it is garbage; what is not guarded, or was taken, is not missed."""
    with owned.strict():
        for work in (int, list, lambda: share(Node()), lambda: owned.freeze([1])):
            concurrent.futures.wait([pool.submit(work)])
        pool.submit(Node).result()
        gc.collect()
        with pytest.warns(owned.UnclaimedWarning, match=r"what .*lost\(\) returned was handed over and nobody took it"):

            def lost() -> Any:
                return Node()

            concurrent.futures.wait([pool.submit(lost)])
            concurrent.futures.wait([pool.submit(int)])
            gc.collect()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        concurrent.futures.wait([pool.submit(Node)])


def test_guard_mode(pool: ThreadPoolExecutor, elsewhere: Any) -> None:
    """Arguments are judged, results handed over, writes checked."""
    with owned.guard():
        with pytest.raises(owned.WrongThreadError):
            pool.submit(give, Node())
        node = pool.submit(Node).result()
        node.name = "written"
        with pytest.raises(owned.WrongThreadError):
            elsewhere(lambda: setattr(node, "name", "elsewhere"))


def test_mode_off() -> None:
    """It is the standard pool then, and parcels are opened all the same."""
    program = """
import owned
@owned.owned
class Node:
    name = "node"
with owned.ThreadPoolExecutor(1) as pool:
    node = Node()
    assert pool.submit(lambda one: one, node).result() is node
    assert pool.submit(lambda one: one.name, owned.move(node)).result() == "node"
    plain = []
    assert pool.submit(plain.append, 1).result() is None and plain == [1]
thread = owned.Thread(target=plain.append, args=(2,))
thread.start()
assert thread.result() is None and plain == [1, 2]
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env={**__import__("os").environ, "OWNED_MODE": "off"}, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def test_a_pool_with_work_at_the_interpreters_exit() -> None:
    """All of it is done, and the exit waits for it."""
    program = """
import concurrent.futures.thread, time, owned
@owned.owned
class Node:
    def __init__(self): self.name = "node"
pool = owned.ThreadPoolExecutor(1)
def work():
    while not concurrent.futures.thread._shutdown:
        time.sleep(0)
    print(Node().name, flush=True)
for _ in range(3):
    pool.submit(work)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [b"node"] * 3, b"")
