# SPDX-License-Identifier: MIT
"""ForeignObjectWarning: what a shared object reaches and nobody guards."""

import collections
import dataclasses
import datetime
import enum
import functools
import io
import logging
import queue
import re
import threading
import warnings
from decimal import Decimal

import pytest

import owned
import strictly
from guarded import Bag, Node
from owned import _foreign_objects


@pytest.fixture(autouse=True)
def strict():
    with strictly.mode():
        yield


class Plain:
    """Guarded by nobody."""


class Point(collections.namedtuple("Point", "x y")):
    __slots__ = ()


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Value:
    x: int = 1


def found(act):
    """What is reported: (path, type) of each."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
    assert all(issubclass(warning.category, owned.ForeignObjectWarning) for warning in caught)
    return [str(warning.message) for warning in caught]


def paths(act):
    return [re.search(r"reaches (.*?), which", message)[1] for message in found(act)]


@owned.owned
class Bank:
    def __init__(self, handler):
        self.journal = Node(next=handler)


def test_path():
    """The finding names the path from the root and the type."""
    assert paths(lambda: owned.share(Bank(io.StringIO()))) == ["Bank.journal.next: a StringIO"]


FINE = {
    "None": None,
    "number": 3,
    "text": "x",
    "bool": True,
    "range": range(3),
    "ellipsis": ...,
    "Decimal": Decimal(1),
    "date": datetime.date(2020, 1, 1),
    "enum": Colour.RED,
    "pattern": re.compile("x"),
    "class": Plain,
    "module": re,
    "function": len,
    "lambda": lambda: None,
    "lock": threading.Lock(),
    "RLock": threading.RLock(),
    "our lock": owned.Lock(),
    "Event": threading.Event(),
    "queue": queue.Queue(),
    "logger": logging.getLogger("x"),
    "thread": threading.Thread(),
    "tuple": (1, ("a", None)),
    "frozenset": frozenset({1, (2,)}),
    "named tuple": Point(1, 2),
    "frozendict": owned.frozendict(a=1),
    "partial": functools.partial(print, "x", end=""),
}


@pytest.mark.parametrize("value", FINE.values(), ids=FINE)
def test_fine(value):
    """What is immutable, code, or known to guard itself is not reported, in a slot, a __dict__ or a container."""
    assert found(lambda: owned.share(Node(next=value))) == []
    assert found(lambda: owned.share(Bag(value=value))) == []
    assert found(lambda: owned.share(owned.List([value]))) == []
    assert found(lambda: owned.share(owned.Dict(value=value))) == []


def test_guarded_and_frozen_are_fine():
    """What is guarded itself, wrapped or frozen is not reported, nor what lies behind it."""
    with strictly.mode(strictly.CHECKED):
        shared = owned.share(Bag(plain=Plain()))
    frozen = owned.freeze(Value())
    bag = Bag(shared=shared, wrapped=owned.own(Plain()), frozen=frozen, me=None)
    bag.me = bag
    bag.method = owned.List.append
    assert found(lambda: owned.share(bag)) == []
    assert found(lambda: owned.share(owned.own(Plain()))) == []


def reaching(**fields):
    return lambda: owned.share(Bag(**fields))


@pytest.mark.parametrize(
    ("act", "path"),
    [
        (reaching(a=Plain()), "Bag.a: a Plain"),
        (reaching(a=Value()), "Bag.a: a Value"),
        (reaching(a=[1, Plain()]), "Bag.a[1]: a Plain"),
        (reaching(a={"k": [Plain()]}), "Bag.a['k'][0]: a Plain"),
        (reaching(a={Point(1, 2): Plain()}), "Bag.a[<Point>]: a Plain"),
        (reaching(a=(1, [2])), "Bag.a[1]: a plain list"),
        (reaching(a=Point(1, {})), "Bag.a[1]: a plain dict"),
        (reaching(a={frozenset({Plain})}, b=bytearray(b"x")), "Bag.b: a plain bytearray"),
        (reaching(a=owned.frozendict(k=Plain())), "Bag.a['k']: a Plain"),
        (reaching(a=functools.partial(print, Plain())), "Bag.a.args[0]: a Plain"),
        (reaching(a=functools.partial(print, end=Plain())), "Bag.a.keywords['end']: a Plain"),
        (reaching(a=[].append), "Bag.a.__self__: a plain list"),
        (reaching(a=io.StringIO().write), "Bag.a.__self__: a StringIO"),
        (reaching(a=collections.deque()), "Bag.a: a deque"),
        (reaching(a=(i for i in ())), "Bag.a: a generator"),
        (lambda: owned.share(owned.Set([Value, (1, Plain())])), "Set{...}[1]: a Plain"),
        (lambda: owned.share(owned.Dict({Plain(): 1})), "Dict key <Plain>: a Plain"),
    ],
)
def test_found(act, path):
    """Through fields, elements, keys, tuples, partials and bound methods."""
    assert paths(act) == [path]


def test_dict_of_an_instance():
    """A plain container put around __setattr__ becomes guarded when it is read: only what is in it counts."""
    bag = Bag()
    vars(bag)["items"] = [1, Plain()]
    assert paths(lambda: owned.share(bag)) == ["Bag.items[1]: a Plain"]


def test_register():
    """What was registered needs no guard, and so do its subclasses."""

    class Pool:
        pass

    assert len(paths(reaching(a=Pool()))) == 1
    owned.register(Pool, "synchronized")
    assert found(reaching(a=Pool(), b=type("Bigger", (Pool,), {})())) == []


def test_way_out():
    """The message says what to do, by what it is."""
    [of_class] = found(reaching(a=Plain()))
    assert of_class.startswith("share(Bag) reaches Bag.a: a Plain, which nobody guards")
    assert "@owned" in of_class
    assert "register(Plain, 'synchronized')" in of_class
    [of_list] = found(reaching(a=(1, [2])))
    assert of_list.endswith("Make it a List, or freeze() it")
    [of_c] = found(reaching(a=io.StringIO()))
    assert "@owned" not in of_c
    assert "Keep own() of it" in of_c


def test_once():
    """One object is reported once, by its shortest path."""
    plain = Plain()
    assert paths(reaching(a=(((plain,),),), b=plain)) == ["Bag.b: a Plain"]


def test_stored_in_a_shared_object():
    """What is stored later is looked at as well."""
    bag, box, names = owned.share(Bag()), owned.share(owned.List()), owned.share(owned.Set())
    table = owned.share(owned.Dict())

    def store():
        with owned.locked(bag), owned.locked(box), owned.locked(names), owned.locked(table):
            bag.fine = 3
            bag.a = Plain()
            bag.b = [Plain()]
            bag.node = Node(next=Plain())
            box.append(Plain())
            names.add(Plain())
            table["k"] = Plain()

    assert paths(store) == [
        "Bag.a: a Plain",
        "Bag.b[0]: a Plain",
        "Bag.node.next: a Plain",
        "List[...]: a Plain",
        "Set[...]: a Plain",
        "Dict['k']: a Plain",
    ]


def test_an_error_changes_nothing():
    """Where the warning is made an error, nothing is shared or stored."""
    bag = Bag(a=Plain())
    with pytest.raises(owned.ForeignObjectWarning):
        owned.share(bag)
    assert owned.state(bag) == "private"
    shared = owned.share(Bag(a=1))
    with owned.locked(shared):
        with pytest.raises(owned.ForeignObjectWarning):
            shared.a = Plain()
        assert shared.a == 1


def test_points_at_the_program():
    """The warning is of the line that shares."""
    bag = Bag(a=Plain())
    with pytest.warns(owned.ForeignObjectWarning) as caught:
        owned.share(bag)
    assert (caught.list[0].filename, caught.list[0].lineno) == (
        __file__,
        test_points_at_the_program.__code__.co_firstlineno + 4,
    )


def test_runs_no_code():
    """Neither the classes on the way nor those that are found are asked anything."""

    class Meta(type):
        def __getattribute__(cls, name):
            if name in ("__mro__", "__dict__", "__instancecheck__"):
                raise AssertionError(f"{name} of the class was read")
            return super().__getattribute__(name)

    class Sly(metaclass=Meta):
        def __getattribute__(self, name):
            raise AssertionError(f"{name} was read")

        def __iter__(self):
            raise AssertionError("iterated")

        def __eq__(self, other):
            raise AssertionError("== was called")

        def __hash__(self):
            return 1

        def __repr__(self):
            raise AssertionError("repr was called")

    class Tricky(tuple):
        __slots__ = ()

        def __iter__(self):
            raise AssertionError("iterated")

    @owned.owned
    class Guarded:
        def __init__(self, value):
            self.value = value

        @property
        def total(self):
            raise AssertionError("a property was read")

        def __getattr__(self, name):
            raise AssertionError("__getattr__ was called")

        def __iter__(self):
            raise AssertionError("iterated")

    guarded = Guarded(Tricky((Sly(), {Sly(): 1})))
    assert len(found(lambda: owned.share(guarded))) == 2


def test_bounded(monkeypatch):
    """After so many findings, or objects, the search stops and says so."""
    many = owned.List([Plain() for _ in range(50)])
    messages = found(lambda: owned.share(many))
    assert len(messages) == 21
    assert messages[-1] == "share(List): the search for what nobody guards stopped after 20 findings; there may be more"
    monkeypatch.setattr(_foreign_objects, "_OBJECTS_MOST", 100)
    chain = None
    for _ in range(200):
        chain = Node(next=chain)
    assert found(lambda: owned.share(chain)) == [
        "share(Node): the search for what nobody guards stopped after 100 objects; there may be more"
    ]


def test_deep():
    """A chain of three thousand objects needs no recursion, and its path stays readable."""
    chain = Plain()
    for _ in range(3_000):
        chain = Node(next=chain)
    [path] = paths(lambda: owned.share(chain))
    assert path.endswith(".next: a Plain")
    assert len(path) < 300


def test_what_stays_is_not_looked_into(elsewhere):
    """What another thread owns, or another lock guards, stays as it is."""
    theirs = elsewhere(lambda: Bag(a=Plain()))
    assert found(lambda: owned.share(Bag(theirs=theirs))) == []


def test_only_in_strict_mode():
    """Other modes do not look."""
    with strictly.mode(strictly.CHECKED):
        assert found(reaching(a=Plain())) == []


def test_one_list_of_synchronized_types():
    """What @owned refuses for living on several threads, own() refuses, and share() does not report."""
    from owned import _known_types

    for kind in (threading.Thread, queue.Queue, logging.Handler, threading.Semaphore):
        assert _known_types.is_synchronized(kind)
        with pytest.raises(TypeError):
            owned.owned(type("Sub", (kind,), {}))
    with pytest.raises(TypeError, match="serves many threads"):
        owned.own(queue.Queue())
