# SPDX-License-Identifier: MIT
"""task_private(): who passes for the task and who does not, what goes along, and what becomes of it."""

import asyncio
import contextvars
import gc
import pickle
import sys
import threading
import weakref

import pytest

import owned
import strictly
from guarded import Bag, Node
from owned import WrongTaskError, task_private


@pytest.fixture(params=["lazy tasks", "eager tasks"])
def run(request):
    """asyncio.run, also on a loop whose tasks start eagerly."""
    if request.param == "lazy tasks":
        return asyncio.run
    if sys.version_info < (3, 12):
        pytest.skip("eager tasks are new in 3.12")

    async def eagerly(main):
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        return await asyncio.create_task(main)

    return lambda main: asyncio.run(eagerly(main))


async def rename(node, name="other"):
    node.name = name


def test_task_itself(run):
    """The task reads and writes, also across awaits and in coroutines that it awaits."""

    async def main():
        node = task_private(Node())
        node.name = "a"
        await asyncio.sleep(0)
        node.name += "b"
        await rename(node, node.name + "c")
        async with asyncio.timeout(30):
            node.children.append(1)
        return node.name, node.children == [1]

    assert run(main()) == ("abc", True)


@pytest.mark.parametrize("how", ["create_task", "gather", "TaskGroup", "wait_for", "shield"])
def test_child_tasks_are_others(run, how):
    """A child starts with a copy of the context, and is another task all the same."""
    if how == "TaskGroup" and run is not asyncio.run and sys.version_info < (3, 13):
        pytest.skip("a TaskGroup of 3.12 cancels its task once more when an eager child fails")

    async def main():
        node = task_private(Node())
        with pytest.raises((WrongTaskError, ExceptionGroup)) as caught:
            if how == "create_task":
                await asyncio.create_task(rename(node))
            elif how == "gather":
                await asyncio.gather(asyncio.sleep(0), rename(node))
            elif how == "shield":
                await asyncio.shield(rename(node))
            elif how == "wait_for":
                await asyncio.wait_for(asyncio.ensure_future(rename(node)), 30)
            else:
                async with asyncio.TaskGroup() as group:
                    group.create_task(rename(node))
        node.name += "!"
        error = caught.value
        return node.name, error.exceptions[0] if isinstance(error, ExceptionGroup) else error

    name, error = run(main())
    assert name == "node!"
    assert isinstance(error, WrongTaskError)


def test_interleaving_at_await_is_found():
    """Two tasks of one thread that read, await, and write: no thread is wrong, and yet an update would be lost."""

    async def deposit(account):
        before = account.balance
        await asyncio.sleep(0)
        account.balance = before + 1

    async def race(account):
        await asyncio.gather(deposit(account), deposit(account))
        return account.balance

    async def main():
        assert await race(Bag(balance=0)) == 1, "nobody saw that one of the two was lost"
        with pytest.raises(WrongTaskError):
            await race(task_private(Bag(balance=0)))

    asyncio.run(main())


def test_callbacks_are_others(run):
    """Callbacks of the loop, of futures and of timers run in a copy of the task's context, in no task."""

    async def main():
        node = task_private(Node())
        loop = asyncio.get_running_loop()
        seen = []

        def touch(*_):
            try:
                seen.append(node.name)
            except WrongTaskError as error:
                seen.append(error.toucher_task)

        loop.call_soon(touch)
        loop.call_later(0, touch)
        future = loop.create_future()
        future.add_done_callback(touch)
        future.set_result(None)
        while len(seen) < 3:
            await asyncio.sleep(0)
        return seen

    assert run(main()) == [None, None, None]


def test_other_threads_are_others(run):
    """to_thread copies the context into the thread; it is not the task."""

    async def main():
        node = task_private(Node())
        with pytest.raises(WrongTaskError) as caught:
            await asyncio.to_thread(node.rename, "x")
        return node.name, caught.value

    name, error = run(main())
    assert name == "node"
    assert error.toucher != error.owner == threading.current_thread().name
    assert "code outside of any task, on thread 'asyncio_0', tried to" in str(error)


def test_task_on_another_threads_loop(elsewhere):
    """A task of another thread is named with its thread."""

    async def main():
        task_private(node)
        return await asyncio.to_thread(lambda: asyncio.run(touch()))

    async def touch():
        asyncio.current_task().set_name("far away")
        with pytest.raises(WrongTaskError) as caught:
            node.name
        return caught.value

    node = Node()
    error = asyncio.run(main())
    assert str(error).startswith("task 'far away' of thread 'asyncio_0' tried to read Node.name, but it is private to ")


def test_nested_loop():
    """A loop that is run inside of a task, as tools do that patch asyncio, has tasks of its own."""

    async def inner():
        with pytest.raises(WrongTaskError):
            node.name
        task_private(mine).name = "inner's"

    async def outer():
        task_private(node)
        loop, task, nested = asyncio.get_running_loop(), asyncio.current_task(), asyncio.new_event_loop()
        asyncio.tasks._leave_task(loop, task)
        asyncio.events._set_running_loop(None)
        try:
            nested.run_until_complete(inner())
        finally:
            nested.close()
            asyncio.events._set_running_loop(loop)
            asyncio.tasks._enter_task(loop, task)
        node.name = "outer's"
        with pytest.raises(owned.OrphanedError):
            mine.name

    node, mine = Node(), Node()
    asyncio.run(outer())


def test_error_names_both_tasks():
    """The message and the facts: whose, by whom, since when, and what to do."""

    async def main():
        asyncio.current_task().set_name("reader")
        node = task_private(Node())
        with pytest.raises(WrongTaskError) as caught:
            await asyncio.create_task(rename(node), name="writer")
        return caught.value

    error = asyncio.run(main())
    here = f"(task_private(Node) at {__file__}:"
    assert str(error).startswith(f"task 'writer' tried to write Node.name, but it is private to task 'reader' {here}")
    assert str(error).endswith("claims the parcel, and calls task_private(obj) to have it alone.")
    assert isinstance(error, owned.WrongThreadError)
    assert (error.owner_task, error.toucher_task) == ("reader", "writer")
    assert error.owner == error.toucher == threading.current_thread().name
    assert (error.state, error.lock, error.access, error.name) == ("private", None, "write", "name")
    assert error.record.verb == "task_private"
    assert error.violation.owner_task == "reader"
    assert owned.Violation.from_dict(pickle.loads(pickle.dumps(error.violation.to_dict()))) == error.violation


def test_looking():
    """state, owner, lock_of and explain tell it to everybody."""

    async def other(node):
        assert (owned.state(node), owned.lock_of(node)) == (owned.State.PRIVATE, None)
        assert owned.owner(node).name == threading.current_thread().name
        assert "it is private to task 'holder'" in owned.explain(node)
        assert "That is this" not in owned.explain(node)
        assert repr(node) == f"<Node at {id(node):#x}, owned by task 'holder'>"

    async def main():
        asyncio.current_task().set_name("holder")
        region = owned.Region()
        with region:
            node = Node()
        task_private(region)
        assert repr(region).endswith("private, of task 'holder'>")
        assert owned.explain(node).endswith("That is this task.")
        assert "owned by" not in repr(node)
        await asyncio.create_task(other(node))

    asyncio.run(main())


def test_deep():
    """What it reaches goes along, and what is stored in it later joins; what another has stays there."""

    async def main():
        leaf, late, frozen = Node("leaf"), Node("late"), owned.freeze(Node("frozen"))
        wrapped = owned.own([1])
        root = task_private(Node("root", leaf))
        for value in (late, [late], wrapped, frozen):
            root.children.append(value)
        children = root.children
        alone = {"leaf": leaf, "late": late, "children": children, "the list in it": children[1]}

        async def touch():
            outcomes = {}
            for name, obj in {**alone, "wrapped": wrapped, "frozen": frozen}.items():
                try:
                    obj.name if isinstance(obj, Node) else len(obj)
                    outcomes[name] = "ok"
                except WrongTaskError:
                    outcomes[name] = "refused"
            return outcomes

        assert await asyncio.create_task(touch()) == dict.fromkeys([*alone, "wrapped"], "refused") | {"frozen": "ok"}
        return [leaf.name, late.name, wrapped[0], len(children)]

    assert asyncio.run(main()) == ["leaf", "late", 1, 4]


def test_wrapper_stays_movable():
    """A wrapper that joined a task's object moves on with it, with all that came out of it before."""

    async def main():
        root = task_private(Node())
        table = owned.own({"rows": [1]})
        rows = table["rows"]
        root.children.append(table)
        rows.append(2)
        parcel = owned.move(root)
        with pytest.raises(owned.MovedError):
            rows.append(3)
        claimed = await asyncio.create_task(claim(parcel))
        rows.append(4)
        return len(claimed.children[0]["rows"])

    async def claim(parcel):
        return parcel.claim()

    assert asyncio.run(main()) == 3


def test_hand_over():
    """move() takes it from the task; the task that claims it may make it its own."""

    async def taker(parcel):
        node = task_private(parcel.claim())
        node.name = "taken"
        give.set_result(node)
        await asyncio.Event().wait()

    async def main():
        nonlocal give
        give = asyncio.get_running_loop().create_future()
        node = task_private(Node())
        task = asyncio.create_task(taker(owned.move(node)), name="taker")
        with pytest.raises(owned.MovedError):
            node.name
        assert await give is node
        with pytest.raises(WrongTaskError, match="private to task 'taker'"):
            node.name
        task.cancel()
        await asyncio.wait([task])

    give = None
    asyncio.run(main())


def test_back_to_the_thread():
    """move(obj).claim() makes it all tasks' again."""

    async def main():
        node = owned.move(task_private(Node())).claim()
        await asyncio.create_task(rename(node))
        return node.name

    assert asyncio.run(main()) == "other"


def test_ended_task():
    """What a task leaves is orphaned: the error names the task, and adopt() takes it over."""

    async def make():
        node = task_private(Node("root", Node("leaf")))
        return node, node.next

    async def main():
        node, leaf = await asyncio.create_task(make(), name="short")
        assert owned.state(node) == "orphaned"
        with pytest.raises(owned.OrphanedError) as caught:
            node.name
        assert "task 'short', whose it was, has ended (task_private(Node) at " in str(caught.value)
        assert (caught.value.owner_task, caught.value.toucher_task) == ("short", asyncio.current_task().get_name())
        assert repr(node) == f"<Node at {id(node):#x}, left by task 'short', which has ended>"
        assert owned.adopt(node) is node
        await asyncio.create_task(rename(leaf))
        return node.name, leaf.name

    assert asyncio.run(main()) == ("root", "other")


def test_ended_tasks_region():
    """A Region of an ended task is adopted as a whole; one of a living task is not."""

    async def make(region):
        task_private(region)
        with pytest.raises(WrongTaskError):
            await asyncio.create_task(adopt(region))

    async def adopt(region):
        owned.adopt(region)

    async def main():
        region = owned.Region()
        with region:
            node = Node()
        await asyncio.create_task(make(region))
        await adopt(region)
        node.name = "adopted"
        return owned.state(region)

    assert asyncio.run(main()) == "private"


def test_ended_task_on_another_thread(elsewhere):
    """Any thread may adopt what an ended task left, whether its thread lives or not."""

    async def make():
        return task_private(Node())

    node = asyncio.run(make())
    assert elsewhere(lambda: owned.adopt(node).name) == "node"
    with pytest.raises((owned.WrongThreadError, owned.OrphanedError)):
        node.name


def test_finally_and_cancellation():
    """A task that is cancelled is itself to the end."""

    async def work(node, started):
        task_private(node)
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            node.name = "cleaned up"
            await asyncio.sleep(0)
            frozen.append(owned.freeze(node))

    async def main():
        started = asyncio.Event()
        task = asyncio.create_task(work(Node(), started))
        await started.wait()
        task.cancel()
        await asyncio.wait([task])
        return frozen[0].name

    frozen = []
    assert asyncio.run(main()) == "cleaned up"


def test_loop_that_goes_on_in_another_thread(elsewhere):
    """The holder is the task, whichever thread runs it."""

    async def work():
        node = task_private(Node())
        await first
        node.name = threading.current_thread().name
        return owned.freeze(node)

    loop = asyncio.new_event_loop()
    first = loop.create_future()
    task = loop.create_task(work())
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.call_soon(first.set_result, None)
    assert elsewhere(loop.run_until_complete, task).name == "elsewhere"
    loop.close()


def test_outside_of_tasks(run):
    """Called outside of any task it is the context that has it: tasks are refused, and so are other threads."""
    context = contextvars.Context()
    node = context.run(lambda: task_private(Node()))
    context.run(setattr, node, "name", "mine")
    with pytest.raises(WrongTaskError, match="private to the code outside of tasks, in one context"):
        node.name

    async def main():
        with pytest.raises(WrongTaskError):
            node.name

    context.run(run, main())

    def elsewhere():
        with pytest.raises(WrongTaskError):
            node.name
        done.append(True)

    done = []
    thread = threading.Thread(target=context.copy().run, args=(elsewhere,))
    thread.start()
    thread.join(30)
    assert done == [True]
    assert context.run(lambda: task_private(node)) is node


def test_context_of_a_callback():
    """A callback has its own: a later one that is given the same context goes on with it."""

    async def main():
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        context = contextvars.Context()
        nodes = []

        def first():
            nodes.append(task_private(Node()))

        def stranger():
            with pytest.raises(WrongTaskError):
                nodes[0].name
            nodes.append("refused")

        def second():
            nodes[0].name = "second"
            done.set_result(nodes[0].name)

        loop.call_soon(first, context=context)
        loop.call_soon(stranger)
        loop.call_soon(second, context=context)
        assert await done == "second"
        assert nodes[1] == "refused"

    asyncio.run(main())


def test_context_that_is_gone():
    """When no copy of the context is left, nobody can be it any more."""
    node = contextvars.Context().run(lambda: task_private(Node()))
    gc.collect()
    assert owned.state(node) == "orphaned"
    assert owned.adopt(node).name == "node"


def test_holds_no_task():
    """An object does not keep its ended task, or what that returned, alive."""

    class Result:
        pass

    async def make():
        kept.append(task_private(Node()))
        return Result()

    async def main():
        task = asyncio.create_task(make())
        return weakref.ref(await task), weakref.ref(task)

    kept = []
    result, task = asyncio.run(main())
    gc.collect()
    assert (result(), task()) == (None, None)
    assert owned.state(kept[0]) == "orphaned"


def test_same_task_again():
    """What is this task's already stays so."""

    async def main():
        node = task_private(task_private(Node()))
        node.name = "again"
        return node.name

    assert asyncio.run(main()) == "again"


def test_of_a_region_takes_no_walk():
    """A Region is bound as it is, however much is in it, and may not be open."""

    async def main():
        region = owned.Region()
        with region:
            nodes = [Node() for _ in range(100)]
            with pytest.raises(RuntimeError, match=r"task_private\(\) of a region whose `with` block is still open"):
                task_private(region)
        regions = owned.stats().regions
        assert task_private(region) is region
        assert owned.stats().regions == regions
        with pytest.raises(WrongTaskError):
            await asyncio.create_task(rename(nodes[99]))
        with region:
            late = Node()
        with pytest.raises(WrongTaskError):
            await asyncio.create_task(rename(late))
        return nodes[99].name

    assert asyncio.run(main()) == "node"


def test_refused_at_once():
    """Neither what is not guarded, nor what belongs to no thread."""
    with pytest.raises(TypeError, match=r"task_private\(\) takes a guarded object"):
        task_private([])
    for obj in (owned.share(Node()), owned.freeze(Node())):
        with pytest.raises(owned.OwnershipError, match="it belongs to no thread, so no task can have it alone"):
            task_private(obj)


def test_stays_in_its_task_when_passed_on():
    """What passes to another thread as it is does not include another task's objects."""
    from owned import _core
    from owned._passing import Passing

    async def judge(node):
        return _core.passing(node)

    async def main():
        node = task_private(Node())
        return await judge(node), await asyncio.create_task(judge(node))

    assert asyncio.run(main()) == (Passing.MOVED, Passing.NOT)


def test_strict_tells_its_life():
    """In strict mode the error tells where it was made, and explain() when it became the task's."""

    async def main():
        node = task_private(Node())
        with pytest.raises(WrongTaskError) as caught:
            await asyncio.create_task(rename(node))
        assert caught.value.life[0].verb == "make"
        return owned.explain(node)

    with strictly.mode():
        assert f"\n  made private to one task at {__file__}:" in asyncio.run(main())


def test_guard():
    """In guard reads pass."""

    async def main():
        node = task_private(Node())
        return await asyncio.create_task(read(node)), await asyncio.create_task(write(node))

    async def read(node):
        return node.name

    async def write(node):
        try:
            node.name = "x"
        except WrongTaskError:
            return "refused"
        return node.name

    with owned.guard():
        assert asyncio.run(main()) == ("node", "refused")


def test_trio():
    """A trio task is asked of trio, and its children are others."""
    trio = pytest.importorskip("trio", reason="trio is not installed")

    async def child(node):
        with pytest.raises(WrongTaskError, match="private to task '.*main'"):
            node.name
        return task_private(Node())

    async def main():
        node = task_private(Node())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child, node)
        with pytest.raises(WrongTaskError):
            await trio.to_thread.run_sync(node.rename, "x")
        await trio.lowlevel.checkpoint()
        node.name = "mine"
        return node

    node = trio.run(main)
    assert owned.state(node) == "orphaned"
    assert owned.adopt(node).name == "mine"
