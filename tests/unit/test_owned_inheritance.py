# SPDX-License-Identifier: MIT
"""@owned, inheritance and what a class body may hold."""

from __future__ import annotations

import abc
import functools
import inspect
import pydoc
import typing
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import pytest

import owned
from owned import WrongThreadError

T = TypeVar("T")


def refused(elsewhere, *touches):
    """Every touch raises on another thread."""
    for touch in touches:
        with pytest.raises(WrongThreadError):
            elsewhere(touch)


def plain(function):
    """A decorator as people write it."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        return function(*args, **kwargs)

    return call


class Keeps:
    """A decorator object that keeps the function where nobody looks."""

    __slots__ = ("parts",)

    def __init__(self, function):
        self.parts = {"inner": [function]}

    def __get__(self, obj, kind=None):
        return functools.partial(self.parts["inner"][0], obj)


@pytest.mark.parametrize("slots", [True, False])
def test_class_cell(slots):
    """Zero-argument super() and __class__ in every kind of method mean the guarded class."""

    class Base:
        __slots__ = ()

        def name(self):
            return "base"

    class Method(Base):
        __slots__ = ("a",) if slots else ("__dict__",)

        def name(self):
            return super().name(), __class__

    class Nested(Base):
        def name(self):
            def inner():
                return super(__class__, self).name(), __class__

            return inner()

    class Decorated(Base):
        @plain
        def name(self):
            return super().name(), __class__

    class Property(Base):
        @property
        def got(self):
            return super().name(), __class__

        def name(self):
            return self.got

    class Cached(Base):
        @functools.cached_property
        def got(self):
            return super().name(), __class__

        def name(self):
            return self.got

    class ClassMethod(Base):
        @classmethod
        def make(cls):
            return super().__new__(cls), __class__

        def name(self):
            return "base", self.make()[1]

    class Static(Base):
        @staticmethod
        def kind():
            return __class__

        def name(self):
            return "base", self.kind()

    class Dispatch(Base):
        @functools.singledispatchmethod
        def got(self, value):
            return super().name(), __class__

        def name(self):
            return self.got(1)

    class Partial(Base):
        def _got(self, word):
            return word, __class__

        name = functools.partialmethod(_got, "base")

    class Descriptor(Base):
        @Keeps
        def name(self):
            return super().name(), __class__

    class Lambda(Base):
        table = {"name": lambda self: (super(__class__, self).name(), __class__)}  # noqa: UP008

        def name(self):
            return self.table["name"](self)

    for cls in (
        Method,
        Nested,
        Decorated,
        Property,
        Cached,
        ClassMethod,
        Static,
        Dispatch,
        Partial,
        Descriptor,
        Lambda,
    ):
        made = owned.owned(cls)
        assert made is not cls
        assert made().name() == ("base", made)


def test_metadata():
    """Name, module, doc, annotations, signature, source and help are the class's."""

    class Account:
        """An account."""

        balance: int
        owner: str

        def __init__(self, balance: int, owner: str = "x") -> None:
            """Open it."""
            self.balance = balance

        def close(self) -> None:
            """Close it."""

    made = owned.owned(Account)
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        assert getattr(made, name) == getattr(Account, name)
    assert inspect.signature(made) == inspect.signature(Account)
    assert inspect.getsource(made) == inspect.getsource(Account)
    assert typing.get_type_hints(made) == {"balance": int, "owner": str}
    assert inspect.get_annotations(made, eval_str=True) == {"balance": int, "owner": str}
    assert "Close it." in pydoc.plain(pydoc.render_doc(made))
    assert dict(inspect.getmembers(made))["close"] is made.close
    assert inspect.signature(owned.owned(type("Empty", (), {}))) == inspect.signature(type("Empty", (), {}))


def test_generic(elsewhere):
    """Generic classes, their subscriptions and subclasses."""

    @owned.owned
    class Box(Generic[T]):
        def __init__(self, value: T) -> None:
            self.value = value

    class IntBox(Box[int]):
        pass

    assert Box.__parameters__ == (T,)
    assert typing.get_args(IntBox.__orig_bases__[0]) == (int,)
    for box in (Box[int](1), IntBox(1)):
        assert box.value == 1
        refused(elsewhere, lambda: box.value)  # noqa: B023 - called at once


def test_type_parameters():
    """PEP 695 syntax, where Python has it."""
    scope: dict[str, Any] = {"owned": owned}
    try:
        code = compile(
            "@owned.owned\nclass Box[T]:\n    def get(self, x: T) -> T:\n        return x, __class__\n", "box", "exec"
        )
    except SyntaxError:
        pytest.skip("before 3.12")
    exec(code, scope)
    Box = scope["Box"]
    assert [p.__name__ for p in Box.__type_params__] == ["T"]
    assert Box[int]().get(1) == (1, Box)


def test_abstract_classes(elsewhere):
    """Abstract methods stay abstract, register() works, an implementation is guarded."""

    @owned.owned
    class Shape(abc.ABC):
        @abc.abstractmethod
        def area(self): ...

    class Square(Shape):
        def __init__(self):
            self.side = 2

        def area(self):
            return self.side**2

    class Foreign:
        pass

    with pytest.raises(TypeError, match="abstract"):
        Shape()
    Shape.register(Foreign)
    assert isinstance(Foreign(), Shape)
    s = Square()
    assert s.area() == 4
    refused(elsewhere, lambda: s.area())


def test_protocol_implementer(elsewhere):
    """A class that implements a protocol, by inheriting or not."""

    @runtime_checkable
    class HasArea(Protocol):
        def area(self) -> int: ...

    @owned.owned
    class Inherits(HasArea):
        def __init__(self):
            self.side = 2

        def area(self):
            return self.side

    @owned.owned
    class Fits:
        def area(self):
            return 1

    assert isinstance(Inherits(), HasArea)
    assert isinstance(Fits(), HasArea)
    i = Inherits()
    refused(elsewhere, lambda: i.side)


class Hooked:
    """A plain base that registers its subclasses and takes an option."""

    seen: typing.ClassVar[list] = []

    def __init_subclass__(cls, /, tag=None, **options):
        super().__init_subclass__(**options)
        cls.tag = tag
        Hooked.seen.append(cls)


def test_init_subclass_with_options_of_a_plain_base():
    """What the hook did to the class is kept; it does not run again, as its options are not known."""
    Hooked.seen.clear()

    @owned.owned
    class K(Hooked, tag="k"):
        pass

    assert K.tag == "k"
    assert len(Hooked.seen) == 1
    assert K.__bases__ == (Hooked, owned.Owned)

    class L(K, tag="l"):
        pass

    assert L.tag == "l"
    assert Hooked.seen[-1] is L
    assert owned.state(L()) == "private"

    class M(owned.Owned, Hooked, tag="m"):
        pass

    assert (M.tag, Hooked.seen[-1]) == ("m", M)


def test_init_subclass_without_options_runs_again():
    """A registry that a hook without options fills gets the guarded class."""
    registry = {}

    class Base:
        def __init_subclass__(cls, **options):
            super().__init_subclass__(**options)
            registry[cls.__name__] = cls

    @owned.owned
    class K(Base):
        pass

    assert registry == {"K": K}


def test_init_subclass_of_an_owned_base(elsewhere):
    """Options reach it, super() in it works, and where it does not call super() the subclass is guarded all the
    same.
    """

    @owned.owned
    class Polite:
        def __init_subclass__(cls, *, tag, **options):
            super().__init_subclass__(**options)
            cls.tag = tag

    @owned.owned
    class Rude:
        __slots__ = ()

        def __init_subclass__(cls, tag):
            cls.tag = tag

    class Rudest:
        def __init_subclass__(cls, **options):
            cls.tag = options.get("tag")

    @owned.owned
    class Inherits(Rudest):
        __slots__ = ()

    for base in (Polite, Rude, Inherits):

        class Sub(base, tag="t"):
            __slots__ = ("a",)

            def __init__(self):
                self.a = 1

        class Loose(Sub, tag="u"):
            pass

        x, y = Sub(), Loose()
        y.b = [1]
        assert (Sub.tag, Loose.tag) == ("t", "u")
        assert type(y.b) is owned.List
        refused(elsewhere, lambda: x.a, lambda: y.b, lambda: y.a)  # noqa: B023 - called at once


def test_rude_mixin_is_found_at_the_first_touch(elsewhere):
    """A plain mixin in front whose hook calls no super(): the class is prepared when an instance is first touched."""

    class Rudest:
        def __init_subclass__(cls, **options):
            pass

    @owned.owned
    class Slots:
        __slots__ = ("a",)

        def __init__(self):
            self.a = 1

    @owned.owned
    class Dict:
        pass

    class S(Rudest, Slots):
        pass

    class D(Rudest, Dict):
        pass

    for cls in (S, D):
        x = cls()
        x.a = 1
        x.b = [1]
        assert type(x.b) is owned.List
        refused(elsewhere, lambda: x.a, lambda: x.b)  # noqa: B023 - called at once


def test_set_name_runs_for_both_classes():
    """A descriptor hears of the plain class and then of the guarded one."""

    class Named:
        def __init__(self):
            self.calls = []

        def __set_name__(self, kind, name):
            self.calls.append((kind, name))

    class K:
        field = Named()

    made = owned.owned(K)
    assert made.field.calls == [(K, "field"), (made, "field")]


def test_class_getitem_and_metaclass(elsewhere):
    """__class_getitem__, metaclass methods, __call__ and __prepare__ of the metaclass."""

    class Namespace(dict):
        pass

    class Meta(type):
        @classmethod
        def __prepare__(mcs, name, bases):
            return Namespace()

        def __new__(mcs, name, bases, namespace):
            assert type(namespace) is Namespace
            return super().__new__(mcs, name, bases, namespace)

        def __setattr__(cls, name, value):
            raise AttributeError("this class is closed")

        def __len__(cls):
            return 3

        def __call__(cls, *args):
            made = super().__call__(*args)
            made.called = True
            return made

    @owned.owned
    class K(metaclass=Meta):
        def __class_getitem__(cls, item):
            return cls, item

        def __repr__(self):
            return f"K({self.called})"

    assert K[1] == (K, 1)
    assert (type(K), len(K)) == (Meta, 3)
    k = K()
    assert repr(k) == "K(True)"
    assert "owned by" in elsewhere(repr, k)


@pytest.mark.parametrize("first", [True, False])
def test_mixins(first, elsewhere):
    """A plain mixin's own accessors, __repr__ and state work before and after an owned base, whatever carries the
    fields.
    """

    class Mixin:
        __slots__ = ()

        def __setattr__(self, name, value):
            super().__setattr__(name, value * 2)

        def __getattribute__(self, name):
            value = super().__getattribute__(name)
            return value + 1 if name == "a" else value

        def __getattr__(self, name):
            return "missing"

        def __repr__(self):
            return "mixed"

        def __getstate__(self):
            return "state"

    @owned.owned
    class Slots:
        __slots__ = ("a",)

    @owned.owned
    class Dict:
        pass

    for base in (Slots, Dict):
        bases = (Mixin, base) if first else (base, Mixin)
        for body in ({}, {"__slots__": ()}):
            K = type("K", bases, body)
            k = K()
            k.a = 1
            assert (k.a, k.b, repr(k), k.__getstate__()) == (3, "missing", "mixed", "state")
            refused(elsewhere, lambda: k.a, lambda: setattr(k, "a", 1))  # noqa: B023 - called at once
            assert "owned by" in elsewhere(repr, k)
    decorated = owned.owned(type("K", (Mixin,), {}))()
    decorated.a = 1
    assert (decorated.a, decorated.b) == (3, "missing")
    refused(elsewhere, lambda: decorated.a)


@pytest.mark.parametrize("slots", [True, False])
def test_base_of_a_mixin(slots, elsewhere):
    """What a mixin inherits from a plain base counts as well, and what that base's super() stores is checked."""

    class Deep:
        __slots__ = ()

        def __setattr__(self, name, value):
            super().__setattr__(name, value * 2)

        def __repr__(self):
            return "deep"

        def __getstate__(self):
            return "state"

    class Between(Deep):
        __slots__ = ()

    class Mixin(Between):
        __slots__ = ()

    base = owned.owned(type("Base", (), {"__slots__": ("a",)} if slots else {}))
    K = type("K", (base, Mixin), {})
    k = K()
    k.a = 1
    k.__dict__["b"] = 1
    assert (k.a, repr(k), k.__getstate__()) == (2, "deep", "state")
    refused(elsewhere, lambda: setattr(k, "a", 1), lambda: setattr(k, "b", 1))
    assert "owned by" in elsewhere(repr, k)
    assert K.__mro__[-2:] == (owned.Owned, object)


def test_layouts_mix(elsewhere):
    """Slots under a dict class, a dict under a slots class, and two owned bases."""

    @owned.owned
    class Slots:
        __slots__ = ("a",)

    @owned.owned
    class Dict:
        pass

    class DictOverSlots(Slots):
        pass

    class SlotsOverDict(Dict):
        __slots__ = ("a",)

    class Both(Slots, Dict):
        pass

    class BothTurned(Dict, Slots):
        __slots__ = ("c",)

    for cls in (DictOverSlots, SlotsOverDict, Both, BothTurned):
        x = cls()
        x.a, x.b = [1], [2]
        x.c = {}
        assert (type(x.a), type(x.b), type(x.c)) == (owned.List, owned.List, owned.Dict)
        refused(elsewhere, *(functools.partial(getattr, x, name) for name in "abc"))
        refused(elsewhere, *(functools.partial(setattr, x, name, 1) for name in "abc"))
        refused(elsewhere, *(functools.partial(delattr, x, name) for name in "abc"))


def test_given_twice():
    """A guarded class is returned as it is; Owned itself too; what derives from Owned needs no decorator."""

    @owned.owned
    class K:
        pass

    class L(owned.Owned):
        pass

    for cls in (K, L, owned.Owned):
        assert owned.owned(cls) is cls
    assert owned.owned()(K) is K


def test_class_changed_later(elsewhere):
    """Methods and accessors that are given to the class after instances exist take effect, and the check stays."""

    @owned.owned
    class K:
        pass

    @owned.owned
    class S:
        __slots__ = ("a",)

    for cls in (K, S):
        x = cls()
        x.a = 1
        cls.get = lambda self: self.a
        cls.__repr__ = lambda self: f"<{self.a}>"
        cls.__setattr__ = lambda self, name, value: super(type(self), self).__setattr__(name, value + 1)
        x.a = 1
        assert (x.get(), repr(x)) == (2, "<2>")
        refused(elsewhere, x.get.__func__.__get__(x), lambda: setattr(x, "a", 1))  # noqa: B023 - called at once
        del cls.__setattr__
        x.a = 1
        assert x.a == 1
        refused(elsewhere, lambda: setattr(x, "a", 1))  # noqa: B023 - called at once


def test_new_init_singleton(elsewhere):
    """__new__ that calls object.__new__(cls), __init__ called twice, one instance for all."""

    @owned.owned
    class K:
        one = None

        def __new__(cls):
            if cls.one is None:
                cls.one = object.__new__(cls)
            return cls.one

        def __init__(self):
            self.count = getattr(self, "count", 0) + 1

    assert K() is K()
    assert K().count == 3
    K().__init__()
    refused(elsewhere, K, lambda: K.one.__init__())


def test_protocols_of_instances(elsewhere):
    """Context managers, calls, iteration, generators, coroutines, ordering, hashing."""

    @owned.owned
    @functools.total_ordering
    class K:
        def __init__(self, value=1):
            self.value = value

        def __enter__(self):
            return self.value

        def __exit__(self, *exc):
            self.value += 1

        def __call__(self):
            return self.value

        def __iter__(self):
            yield self.value
            yield self.value

        async def wait(self):
            return self.value

        def __eq__(self, other):
            return self.value == other.value

        def __lt__(self, other):
            return self.value < other.value

        def __hash__(self):
            return hash(self.value)

    k = K()
    with k as value:
        assert value == 1
    assert (k(), list(k), hash(k), k == K(2), k >= K(1), {k: 1}[K(2)]) == (2, [2, 2], 2, True, True, 1)
    walk = iter(k)
    assert next(walk) == 2
    coroutine = k.wait()
    refused(
        elsewhere,
        lambda: next(walk),
        lambda: coroutine.send(None),
        lambda: k(),
        lambda: list(k),
        lambda: hash(k),
        lambda: k == K(2),
        lambda: k >= K(1),
        lambda: {k: 1},
        lambda: k.__enter__(),
    )
