# SPDX-License-Identifier: MIT
"""``@owned(monitor=True)``: born shared, every public method synchronized."""

import abc
import asyncio
import copy
import dataclasses
import functools
import inspect
import pickle
import types
import typing

import attrs
import pytest

import owned
from owned import owned as guard


@guard(monitor=True)
class Stack:
    """A stack."""

    def __init__(self, *items):
        assert owned.state(self) == "private"
        self.items = list(items)

    def push(self, item):
        """Put one on top."""
        self.items.append(item)
        return self._size()

    def _size(self):
        return len(self.items)

    @property
    def top(self):
        return self.items[-1]

    @top.setter
    def top(self, value):
        self.items[-1] = value

    def __len__(self):
        return self._size()

    def __getitem__(self, index):
        return self.items[index]

    def __iter__(self):
        yield from self.items

    def __contains__(self, item):
        return item in self.items

    def __eq__(self, other):
        return isinstance(other, Stack) and list(self) == list(other)

    __hash__ = None

    def __repr__(self):
        return f"Stack{tuple(self.items)}"

    @classmethod
    def of(cls, *items):
        return cls(*items)

    @staticmethod
    def help():
        return "push"

    @functools.cached_property
    def cached(self):
        return 1

    async def later(self, item):
        self.items.append(item)
        await asyncio.sleep(0)
        return len(self.items)


def test_born_shared(elsewhere):
    """Private while __init__ runs, shared under an RLock of its own from then on."""
    one, two = Stack(1), Stack(2)
    assert owned.state(one) == "shared"
    assert type(owned.lock_of(one)) is owned.RLock
    assert owned.lock_of(one) is not owned.lock_of(two)
    assert elsewhere(one.push, 3) == 2


def test_public_methods_take_the_lock(elsewhere):
    """Methods, properties and special methods work on any thread, without a block around them."""

    def work(stack):
        stack.push(2)
        stack.top = 5
        return stack.top, len(stack), stack[0], list(stack), 1 in stack, stack == Stack(1, 5)

    stack = Stack(1)
    assert elsewhere(work, stack) == (5, 2, 1, [1, 5], True, True)
    assert not owned.lock_of(stack)._is_owned()


def test_fields_and_private_methods_do_not():
    """What is touched from outside without the lock raises, and so does a private method's first field."""
    stack = Stack(1)
    with pytest.raises(owned.LockNotHeldError, match=r"Stack\.items"):
        stack.items
    with pytest.raises(owned.LockNotHeldError):
        stack._size()
    with pytest.raises(owned.LockNotHeldError):
        stack.cached
    with pytest.raises(owned.LockNotHeldError):
        stack.new = 1
    with owned.locked(stack):
        assert stack._size() == stack.cached == 1


def test_class_and_static_methods_are_as_they_were():
    """A class has no lock to take."""
    assert len(Stack.of(1, 2)) == 2
    assert Stack(1).help() == "push"


def test_coroutine_method():
    """A coroutine holds the lock while its code runs."""
    stack = Stack()
    assert asyncio.run(stack.later(1)) == 1
    assert not owned.lock_of(stack)._is_owned()


def test_repr_is_a_stub_without_the_lock():
    """Repr never raises and never waits."""
    stack = Stack(1)
    assert repr(stack).startswith("<Stack at ")
    with owned.locked(stack):
        assert repr(stack) == "Stack(1,)"


def test_introspection():
    """Signatures and docstrings are what was written."""
    assert str(inspect.signature(Stack)) == "(*items)"
    assert str(inspect.signature(Stack.push)) == "(self, item)"
    assert inspect.getdoc(Stack(1).push) == "Put one on top."


def test_shared_after_the_outermost_init():
    """A subclass's __init__ works on a private object to its end, and its methods take the lock too."""

    class Named(Stack):
        def __init__(self, name, *items):
            super().__init__(*items)
            assert owned.state(self) == "private"
            self.name = name

        def label(self):
            return self.name

    class Plain(Named):
        pass

    for kind in (Named, Plain):
        stack = kind("n", 1)
        assert owned.state(stack) == "shared"
        assert stack.label() == "n"
        assert stack.push(2) == 2


@pytest.mark.parametrize("decorate", [dataclasses.dataclass, attrs.define])
@pytest.mark.parametrize("outside", [True, False])
@pytest.mark.parametrize("slots", [True, False])
def test_dataclass_and_attrs(decorate, outside, slots):
    """Their __init__ counts, above and below."""

    class Point:
        x: int

        def move(self, by):
            self.x += by
            return self.x

    both = decorate(slots=slots)
    made = guard(monitor=True)(both(Point)) if outside else both(guard(monitor=True)(Point))
    point = made(1)
    assert owned.state(point) == "shared"
    assert point.move(2) == 3
    with pytest.raises(owned.LockNotHeldError):
        point.x


def test_slots():
    """Fields in slots are guarded alike."""

    @guard(monitor=True, slots=True)
    class Cell:
        value: int

        def __init__(self, value):
            self.value = value

        def get(self):
            return self.value

    cell = Cell(3)
    assert cell.get() == 3
    with pytest.raises(owned.LockNotHeldError):
        cell.value


def test_without_init():
    """A class without an __init__, or with __new__ only, is shared as well."""

    @guard(monitor=True)
    class Bare:
        pass

    @guard(monitor=True)
    class Made:
        def __new__(cls, value):
            self = super().__new__(cls)
            self.value = value
            return self

        def get(self):
            return self.value

    assert owned.state(Bare()) == "shared"
    with pytest.raises(TypeError):
        Bare(1)
    assert Made(4).get() == 4


def test_mixin_init_and_methods():
    """What a plain mixin in front gives counts as the class's own."""

    class Mixin:
        def __init__(self):
            super().__init__(7)
            self.extra = 1

        def both(self):
            return self.extra, self.items[0]

    class Mixed(Mixin, Stack):
        pass

    mixed = Mixed()
    assert owned.state(mixed) == "shared"
    assert mixed.both() == (1, 7)
    assert not hasattr(Mixin.both, "__wrapped__")


def test_failing_init():
    """An __init__ that raises shares nothing."""
    seen = []

    @guard(monitor=True)
    class Broken:
        def __init__(self):
            seen.append(self)
            raise ValueError

    with pytest.raises(ValueError):
        Broken()
    assert owned.state(seen[0]) == "private"


def test_init_that_shares_itself():
    """An object that its own __init__ shared keeps the lock that it chose."""
    lock = owned.Lock()

    @guard(monitor=True)
    class Own:
        def __init__(self):
            self.value = 1
            owned.share(self, lock=lock)

        def get(self):
            return self.value

    own = Own()
    assert owned.lock_of(own) is lock
    assert own.get() == 1


def test_abstract_base():
    """Abstract classes stay abstract."""

    @guard(monitor=True)
    class Base(abc.ABC):
        @abc.abstractmethod
        def work(self): ...

    class Real(Base):
        def work(self):
            return "done"

    with pytest.raises(TypeError, match="abstract"):
        Base()
    assert Real().work() == "done"


def test_already_owned_class():
    """Monitor can be asked for later, of a class that is owned already."""

    @guard
    class Jar:
        def __init__(self):
            self.value = 1

        def get(self):
            return self.value

    assert owned.state(Jar()) == "private"
    assert guard(monitor=True)(Jar) is Jar
    jar = Jar()
    assert owned.state(jar) == "shared"
    assert jar.get() == 1


def test_copies_are_private():
    """A copy runs no __init__: it is private to its maker until it is shared."""
    stack = Stack(1, 2)
    with owned.locked(stack):
        copied, dumped = copy.deepcopy(stack), pickle.dumps(stack)
    for other in (copied, pickle.loads(dumped)):
        assert owned.state(other) == "private"
        assert other.push(3) == 3


def test_children_are_shared_with_it():
    """What the object holds is shared under the same lock."""
    stack = Stack(1)
    with owned.locked(stack):
        items = stack.items
    assert owned.lock_of(items) is owned.lock_of(stack)


def test_method_that_gives_out_a_part():
    """A part that leaves is still guarded: touching it without the lock raises."""

    @guard(monitor=True)
    class Leaky:
        def __init__(self):
            self.items = [1]

        def all(self):
            return self.items

    items = Leaky().all()
    with pytest.raises(owned.LockNotHeldError):
        items[0]


def test_condition_style_wait():
    """A monitor's lock works under threading.Condition."""
    import threading

    stack = Stack(1)
    condition = threading.Condition(owned.lock_of(stack))
    with condition:
        assert not condition.wait(0.001)
        assert stack.top == 1


def test_made_through_an_alias():
    """``Box[int]()`` notes the alias on the instance, when it is shared already."""
    item = typing.TypeVar("item")

    @owned.owned(monitor=True)
    class Box(typing.Generic[item]):
        def __init__(self):
            self.value = 1

        def origin(self):
            return self.__orig_class__

    assert Box[int]().origin() == Box[int]

    @owned.owned(monitor=True)
    class Other:
        __class_getitem__ = classmethod(types.GenericAlias)

        def origin(self):
            return self.__orig_class__

    assert Other[int]().origin() == Other[int]


def test_under_an_rwlock():
    """A monitor that shares itself under an RWLock: methods take the write side, those with @reads the read side."""

    @owned.owned(monitor=True)
    class Table:
        def __init__(self):
            self.rows = []
            owned.share(self, lock=owned.RWLock())

        def add(self, row):
            self.rows.append(row)
            return self.how()

        @owned.reads
        def how(self):
            lock = owned.lock_of(self)
            return lock.read._recursion_count(), lock.write._recursion_count()

    table = Table()
    assert (table.add(1), table.how()) == ((0, 1), (1, 0))
