# SPDX-License-Identifier: MIT
"""Where guarded objects come from: what strict mode remembers of each, and what a violation tells of it."""

import gc
import pickle
import sys
import sysconfig
import threading

import pytest

import owned
import strictly
from guarded import Bag, Node
from owned import _core

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


@pytest.fixture(autouse=True)
def strict():
    with strictly.mode():
        yield


def steps(obj):
    return [record.verb for record in _core.life_of(obj)]


def here(offset=0):
    return sys._getframe(1).f_lineno + offset


class Plain:
    def __init__(self):
        self.items = [[1]]


MAKERS = {
    "slots": Node,
    "dict": Bag,
    "List": owned.List,
    "Dict": owned.Dict,
    "Set": owned.Set,
    "List subclass": type("Names", (owned.List,), {}),
    "wrapper": lambda: owned.own(Plain()),
    "Region": owned.Region,
    "stored list": lambda: Bag(items=[1]).items,
    "stored dict": lambda: Bag(items={1: 2}).items,
    "stored set": lambda: Bag(items={1}).items,
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_made(make):
    """Each kind of guarded object knows the line that made it, who called that, and on which thread."""

    def maker():
        return make()

    line = maker.__code__.co_firstlineno + 1
    obj = maker()
    [made] = _core.life_of(obj)
    site = next(site for site in made.stack if site.function.endswith("maker"))
    assert (made.verb, made.count, made.thread) == ("make", 1, "MainThread")
    assert (site.file, site.line) == (__file__, line)
    assert made.root_type == _core.known_type(obj).__name__
    caller = made.stack[made.stack.index(site) + 1]
    assert caller.function == "test_made"
    assert (made.file, made.line, made.function) == (made.stack[0].file, made.stack[0].line, made.stack[0].function)
    assert not any("/owned/owned/" in site.file for site in made.stack)


def test_lines_of_one_function():
    """Two lines of one function are two places, and a line that runs twice is one."""
    first = Node()
    second = Node()
    third, fourth = (Node() for _ in range(2))
    lines = [_core.life_of(node)[0].line for node in (first, second, third, fourth)]
    assert lines == [here(-4), here(-3), here(-2), here(-2)]


def test_verbs():
    """share, move, claim and adopt are steps, oldest first, of all that went along."""
    root = Node(next=Node())
    parcel = owned.move(root)
    assert steps(root) == ["make", "move"]
    assert parcel.claim() is root
    assert steps(root) == steps(root.next) == ["make", "move", "claim"]
    owned.share(root)
    with owned.locked(root):
        inner = root.next
    assert steps(root) == steps(inner) == ["make", "move", "claim", "share"]
    assert _core.life_of(root)[-1] is _core.life_of(inner)[-1]
    assert _core.life_of(root)[-1].count == 4  # both, and the list of children of each


def test_stack_of_a_verb():
    """The Record of a verb holds the calls that led to it."""

    def publish(node):
        owned.share(node)

    node = Node()
    publish(node)
    share = _core.life_of(node)[-1]
    assert [site.function.rpartition(".")[2] for site in share.stack[:2]] == ["publish", "test_stack_of_a_verb"]
    with strictly.mode(strictly.CHECKED):
        other = owned.share(Node())
    assert _core.region_facts(other)[4].stack == ()


def test_moved_twice():
    """An object that is moved, claimed and moved again has both journeys in its life, in order."""
    node = Node()
    for _ in range(2):
        owned.move(node).claim()
    assert steps(node) == ["make", "move", "claim", "move", "claim"]


def test_adopted(elsewhere):
    """What a finished thread left says who adopted it."""
    node = elsewhere(Node)
    owned.adopt(node)
    made, adopted = _core.life_of(node)
    assert (made.thread, adopted.verb, adopted.thread) == ("elsewhere", "adopt", "MainThread")


def test_frozen_in_place():
    """An instance that is frozen keeps its life, and one that was not guarded has the freeze."""
    node, plain = Node(), Plain()
    owned.freeze(node)
    owned.freeze(plain)
    assert steps(node) == ["make", "freeze"]
    assert steps(plain) == ["freeze"]


def test_region_as_a_whole():
    """What was born in a Region shares the Region's steps, and takes them along when it leaves."""
    region = owned.Region()
    with region:
        node, other = Node(), owned.List()
    owned.move(region).claim()
    assert steps(node) == steps(other) == ["make", "move", "claim"]
    owned.share(node)
    assert steps(node) == ["make", "move", "claim", "share"]
    assert steps(other) == ["make", "move", "claim"]
    owned.share(region)
    assert steps(other) == ["make", "move", "claim", "share"]
    with owned.locked(other):
        other.append(1)
    assert steps(other) == ["make", "move", "claim", "share"]


def test_wrapper():
    """A wrapper has the steps of its membrane."""
    wrapper = owned.own(Plain())
    owned.move(wrapper).claim()
    owned.share(wrapper)
    assert steps(wrapper) == ["make", "move", "claim", "share"]


def test_stored_in_a_shared_object():
    """What joins by being stored says so."""
    shared, node = owned.share(Bag()), Node(next=Node())
    inner = node.next
    with owned.locked(shared):
        shared.node = node
    for joined in (node, inner):
        made, stored = _core.life_of(joined)
        assert (made.verb, stored.verb, stored.root_type, stored.line) == ("make", "store", "Node", here(-3))


def test_made_before_strict_mode():
    """Of what was made before, the steps since are known; what was made meanwhile keeps its life after."""
    with strictly.mode(strictly.CHECKED):
        before = Node()
    assert steps(before) == []
    meanwhile = Node()
    with strictly.mode(strictly.CHECKED):
        owned.share(before)
        owned.share(meanwhile)
        assert steps(before) == []
        assert steps(meanwhile) == ["make"]
    late = owned.share(Node())
    assert steps(late) == ["make", "share"]


def test_unguarded():
    """What nobody guards has no life."""
    for obj in (3, [], Plain(), int, owned.Lock(), None):
        assert steps(obj) == []


def test_many_steps():
    """Of very many steps the latest are kept, and where it was made."""
    node = Node()
    for _ in range(50):
        owned.move(node).claim()
        node = node
    verbs = steps(node)
    assert verbs[0] == "make"
    assert len(verbs) <= 1 + 2 * 32
    assert verbs[-1] == "claim"


def test_copies_are_made_anew():
    """A pickled object that comes back has a life of its own."""
    node = Node()
    again = pickle.loads(pickle.dumps(node))
    assert _core.life_of(again)[0].line == here(-1)


def test_entry_goes_with_the_object():
    """A new object at the address of a dead one does not inherit its life."""
    with strictly.mode(strictly.CHECKED):
        count, _ = _core.life_count()
    nodes = [Node() for _ in range(100)]
    owned.share(owned.List(nodes))
    assert _core.life_count()[0] >= count + 200
    del nodes
    assert _core.life_count()[0] == count
    with strictly.mode(strictly.CHECKED):
        assert all(steps(Node()) == [] for _ in range(200))


def test_violation(elsewhere):
    """A violation tells the whole life, quotes where the object was made, and says where its owner is."""

    def open_account():
        return Bag(balance=1)

    account = open_account()
    owned.move(account).claim()
    with pytest.raises(owned.WrongThreadError) as caught:
        elsewhere(lambda: account.balance)
    violation = caught.value.violation
    assert [record.verb for record in violation.life] == ["make", "move", "claim"]
    assert caught.value.life == violation.life
    line = open_account.__code__.co_firstlineno + 1
    assert f"it was made at {__file__}:{line} in test_violation.<locals>.open_account. " in str(caught.value)
    functions = [site.function for site in violation.owner_stack]
    if FREE_THREADED and not sys._is_gil_enabled():
        assert functions == []
    else:
        assert "test_violation" in functions
        assert violation.owner_stack[functions.index("test_violation")].file == __file__
    assert pickle.loads(pickle.dumps(violation)) == violation
    assert type(violation).from_dict(violation.to_dict()) == violation


def test_own_share_is_quoted(elsewhere):
    """Of two objects under one lock, each message quotes the share of its own object."""
    lock = owned.Lock()
    owned.share(owned.List(), lock=lock)
    node = owned.share(Node(), lock=lock)
    line = here(-1)
    with pytest.raises(owned.LockNotHeldError) as caught:
        node.name
    assert f"share(Node) at {__file__}:{line}" in str(caught.value)
    assert caught.value.record is _core.life_of(node)[-1]


@pytest.mark.skipif(FREE_THREADED, reason="another thread's frames are not looked at without the GIL")
def test_where_the_holder_is(elsewhere):
    """A lock that another thread holds: the violation says where that thread is."""
    node = owned.share(Node(), lock=owned.Lock())
    taken, done = threading.Event(), threading.Event()

    def hold_it():
        with owned.locked(node):
            taken.set()
            done.wait(30)

    thread = threading.Thread(target=hold_it, name="holder")
    thread.start()
    try:
        assert taken.wait(30)
        with pytest.raises(owned.LockNotHeldError) as caught:
            node.name
    finally:
        done.set()
        thread.join(30)
    assert caught.value.owner == "holder"
    assert any(site.function.endswith("hold_it") for site in caught.value.violation.owner_stack)


def test_not_strict(elsewhere):
    """Outside of strict mode a violation has no life and no stack of its owner."""
    node = Node()
    with strictly.mode(strictly.CHECKED):
        with pytest.raises(owned.WrongThreadError) as caught:
            elsewhere(lambda: node.name)
    assert caught.value.violation.life == caught.value.violation.owner_stack == ()
    assert "made at" not in str(caught.value)


def test_looking_runs_no_code(elsewhere):
    """Neither a birth nor a violation nor life_of runs code of the object."""

    @owned.owned
    class Sly:
        def __repr__(self):
            raise AssertionError("repr was called")

        def __hash__(self):
            raise AssertionError("hash was called")

        def __eq__(self, other):
            raise AssertionError("== was called")

        @property
        def __class__(self):
            raise AssertionError("__class__ was read")

    sly = Sly()
    with pytest.raises(owned.WrongThreadError):
        elsewhere(lambda: sly.field)
    assert steps(sly) == ["make"]
    owned.explain(sly)


def test_garbage_collected_at_a_birth():
    """Remembering where a container is made collects nothing, as the container is not whole by then: 3.11 crashed."""
    bag = Bag()

    def fill():
        bag.a = {}
        bag.b = set()
        bag.c = []

    threshold = gc.get_threshold()
    try:
        for often in range(1, 8):  # which of the allocations is the one that collects
            gc.set_threshold(often)
            for _ in range(50):
                fill()
    finally:
        gc.set_threshold(*threshold)
    assert [steps(made) for made in (bag.a, bag.b, bag.c)] == [["make"]] * 3
    assert gc.isenabled()
