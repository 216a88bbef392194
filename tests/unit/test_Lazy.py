# SPDX-License-Identifier: MIT
"""Lazy: what is particular to it. What it shares with Once is in test_Once.py."""

import threading
import weakref

import pytest

import owned
from guarded import Node
from owned import Lazy


def test_what_it_makes_is_frozen(elsewhere):
    """Deeply, and every thread may read it."""
    lazy = Lazy(lambda: {"nodes": [Node("a")]})
    value = lazy()
    assert owned.is_frozen(value)
    assert lazy() is value
    assert elsewhere(lambda: lazy()["nodes"][0].name) == "a"
    with pytest.raises(owned.FrozenError):
        value["nodes"][0].name = "b"


def test_is_a_decorator():
    """Of a function without arguments."""

    @Lazy
    def settings():
        return ["utf-8"]

    assert settings() == ("utf-8",)


def test_what_cannot_be_frozen():
    """FreezeError with the path, and the next call tries again."""
    things = [threading.Lock()]
    lazy = Lazy(lambda: {"here": list(things)})
    with pytest.raises(owned.FreezeError, match=r"dict\['here'\]\[0\]: a lock cannot be frozen"):
        lazy()
    assert not lazy.computed
    things[:] = [1]
    assert lazy()["here"] == (1,)


def test_computed_and_repr():
    """Its state can be seen without asking for the value."""
    seen = []
    lazy = Lazy(lambda: seen.append((lazy.computed, repr(lazy).split(", ")[1])))
    assert (lazy.computed, repr(lazy).split(", ")[1]) == (False, "not computed yet>")
    assert lazy() is None
    assert seen == [(False, "being computed>")]
    assert (lazy.computed, repr(lazy).split(", ")[1]) == (True, "computed>")


def test_forgets_its_factory():
    """Once there is a value, what made it may go; after a failure it is needed still."""

    class Factory:
        def __init__(self):
            self.runs = 0

        def __call__(self):
            self.runs += 1
            if self.runs == 1:
                raise KeyError("not yet")
            return self.runs

    factory = Factory()
    gone = weakref.ref(factory)
    lazy = Lazy(factory)
    del factory
    with pytest.raises(KeyError):
        lazy()
    assert lazy() == 2
    assert gone() is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: Lazy(),
        lambda: Lazy(5),
        lambda: Lazy(int, 1),
        lambda: Lazy(int)(1),
        lambda: Lazy(int)(base=2),
        lambda: Lazy(int)(timeout="soon"),
        lambda: type("Sub", (Lazy,), {}),
    ],
)
def test_wrong_calls(call):
    """A factory that can be called, and nothing but a timeout afterwards."""
    with pytest.raises(TypeError):
        call()


def test_a_lazy_field_of_a_shared_object(elsewhere):
    """Is asked for by any thread that may read the field."""
    node = owned.freeze(Node(next=Lazy(lambda: [threading.current_thread().name])))
    assert elsewhere(lambda: node.next()) == ("elsewhere",)
    assert node.next() == ("elsewhere",)


def test_generic():
    """Lazy[T] is for annotations."""
    assert Lazy[int].__origin__ is Lazy
