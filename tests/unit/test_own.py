# SPDX-License-Identifier: MIT
"""own(obj): a wrapper that behaves as the object does, and lets out nothing bare that leads back inside."""

from __future__ import annotations

import asyncio
import collections
import collections.abc
import ctypes
import datetime
import decimal
import enum
import fractions
import functools
import io
import json
import logging
import math
import operator
import os
import pathlib
import queue
import re
import sys
import threading
import types
import uuid
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import wrapt

import owned
from insides import SAMPLES, Everything, Number, async_generator, closure, coroutine, generator
from owned import own, unwrap
from owned._core import Wrapper


class Colour(enum.Enum):
    RED = [1]


class Settings:
    """A plain class, at module level for pickle."""

    def __init__(self) -> None:
        self.values: list[Any] = [1, [2]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self.values == other.values

    __hash__ = None  # type: ignore[assignment]


def is_wrapped(value: object) -> bool:
    return isinstance(type(value), type) and issubclass(type(value), Wrapper)


# ---- looking like the object ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_wrapper_passes_for_its_object(sample: str) -> None:
    """isinstance, repr, truth and the names are the object's; type() tells the wrapper."""
    inside = SAMPLES[sample]()
    w = own(inside)
    assert is_wrapped(w)
    assert isinstance(w, type(inside))
    assert w.__class__ is type(inside)
    assert repr(w) == repr(inside)
    assert str(w) == str(inside)
    assert bool(w) == bool(inside)
    assert dir(w) == dir(inside)
    assert w.__doc__ == inside.__doc__


ABCS = [
    getattr(collections.abc, name)
    for name in (
        *(
            "Callable",
            "Iterable",
            "Iterator",
            "Generator",
            "Reversible",
            "Sized",
            "Container",
            "Collection",
            "Hashable",
        ),
        *("Sequence", "MutableSequence", "Mapping", "MutableMapping", "Set", "Awaitable", "Coroutine"),
        *("AsyncIterable", "AsyncIterator", "AsyncGenerator"),
    )
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_wrapper_can_what_its_object_can(sample: str) -> None:
    """No protocol is claimed that the object lacks, and none is lost."""
    inside = SAMPLES[sample]()
    w = own(inside)
    assert callable(w) == callable(inside)
    for abc in ABCS:
        assert isinstance(w, abc) == isinstance(inside, abc), abc
    for name in (
        "__get__",
        "__set__",
        "__delete__",
        "__fspath__",
        "__enter__",
        "__aenter__",
        "__index__",
        "__reversed__",
    ):
        if name not in vars(type):
            assert hasattr(type(w), name) == hasattr(type(inside), name), name


@pytest.mark.parametrize(
    "touch",
    [
        *(
            iter,
            len,
            hash,
            next,
            reversed,
            list,
            int,
            float,
            complex,
            bytes,
            math.floor,
            math.ceil,
            math.trunc,
            round,
            abs,
        ),
        *(operator.index, operator.neg, operator.invert, os.fspath, operator.length_hint, memoryview, aiter, anext),
        lambda x: x(),
        lambda x: x[0],
        lambda x: x[10],
        lambda x: x["no"],
        lambda x: 0 in x,
        lambda x: x.no_such_name,
        lambda x: x + 1,
        lambda x: 1 - x,
        lambda x: x < x,
        lambda x: divmod(x, 2),
        lambda x: operator.setitem(x, 0, 1),
        lambda x: operator.delitem(x, 0),
        lambda x: x.__enter__(),
        lambda x: setattr(x, "no_such_name", 1),
        lambda x: [*x],
        lambda x: {**x},
    ],
)
@pytest.mark.parametrize(
    "sample", ["object", "None", "int", "str", "tuple", "list", "dict", "set", "iterator", "class"]
)
def test_a_wrapper_fails_as_its_object_does(sample: str, touch: Callable[[Any], Any]) -> None:
    """The same error, or the same value, for any operation."""
    if touch is memoryview:
        pytest.skip("refused, see below")
    if sample == "str" and touch in (math.floor, math.ceil, os.fspath):
        pytest.skip(
            "int() and float() take text, so a wrapped text has the slots of a number; it is no str to os.fspath"
        )
    if touch is hash and type(SAMPLES[sample]()).__hash__ is object.__hash__:
        pytest.skip("by address")
    make = SAMPLES[sample]
    outcomes: list[Any] = []
    for value in (make(), own(make())):
        try:
            outcomes.append(touch(value))
        except Exception as error:
            outcomes.append(type(error))
    plain, wrapped = outcomes
    if isinstance(plain, type) and issubclass(plain, Exception):
        assert wrapped is plain
    elif type(plain) in (int, float, str, bytes, list, bool, complex, tuple, dict):
        assert wrapped == plain


def test_errors_come_from_the_object_untouched() -> None:
    """Exceptions of the object pass as they are: the same object, with no chained error of ours."""
    mine = KeyError("mine")

    class Raises:
        def __getattr__(self, name: str) -> Any:
            raise AttributeError(f"no {name} here")

        def __getitem__(self, key: Any) -> Any:
            raise mine

        def __call__(self) -> Any:
            raise mine

    w = own(Raises())
    with pytest.raises(AttributeError, match="no such_thing here") as caught:
        w.such_thing
    assert caught.value.__context__ is None
    for touch in (lambda: w[1], w):
        with pytest.raises(KeyError) as again:
            touch()
        assert again.value is mine


def test_hostile_objects() -> None:
    """Objects that lie, raise or re-enter break themselves only."""

    class Hostile:
        def __getattribute__(self, name: str) -> Any:
            if name == "__class__":
                raise RuntimeError("no class")
            if name == "again":
                return w.more
            return object.__getattribute__(self, name)

        more = 7

        def __eq__(self, other: object) -> bool:
            raise ZeroDivisionError

        def __hash__(self) -> int:
            raise ZeroDivisionError

        def __bool__(self) -> bool:
            raise ZeroDivisionError

        def __repr__(self) -> str:
            raise ZeroDivisionError

        def __len__(self) -> int:
            return -1

        def __iter__(self) -> Any:
            return 5

        def __dir__(self) -> Any:
            return 5

    w = own(Hostile())
    assert w.again == 7
    for touch, error in (
        (lambda: w.__class__, RuntimeError),
        (lambda: w == 1, ZeroDivisionError),
        (lambda: hash(w), ZeroDivisionError),
        (lambda: bool(w), ZeroDivisionError),
        (lambda: repr(w), ZeroDivisionError),
        (lambda: len(w), ValueError),
        (lambda: iter(w), TypeError),
        (lambda: dir(w), TypeError),
    ):
        with pytest.raises(error):
            touch()


def test_a_class_that_changes_its_mind() -> None:
    """Slots that a class gains are there for the next wrapper; ones it loses fail as on the object, and never crash."""

    class Changing:
        pass

    assert not callable(own(Changing()))
    Changing.__call__ = lambda self: 5  # type: ignore[attr-defined]
    w: Any = own(Changing())
    assert w() == 5
    del Changing.__call__  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        w()
    assert not callable(own(Changing()))
    everything = own(Everything())
    plain = type("Plain", (), {})()
    kind = type(everything)
    for touch in (
        next,
        len,
        iter,
        aiter,
        lambda x: x["key"],
        lambda x: x(),
        bytes,
        os.fspath,
        lambda x: x.__class__()(),
    ):
        everything.__class__ = Everything
        touch(everything)
        everything.__class__ = Settings
        with pytest.raises((TypeError, AttributeError)):
            touch(everything)
    assert kind.__get__(everything, plain, None) is everything
    for name in ("__set__", "__delete__", "__anext__", "__enter__", "__await__", "__round__"):
        if hasattr(kind, name):
            with pytest.raises((TypeError, AttributeError)):
                getattr(kind, name)(everything, *(["x", "y"][: {"__set__": 2, "__delete__": 1}.get(name, 0)]))


# ---- what comes out -------------------------------------------------------------------------------------------

BARE: list[Any] = [
    *(
        None,
        True,
        3,
        2**100,
        1.5,
        2j,
        "text",
        b"bytes",
        ...,
        NotImplemented,
        range(3),
        slice(1, 2),
        (1, ("a", (None,))),
    ),
    *(frozenset({1, (2, 3)}), (), int, Settings, Colour.RED, sys, len, is_wrapped, is_wrapped.__code__, list[int]),
    *(datetime.date(2020, 1, 1), datetime.timedelta(1), decimal.Decimal(1), fractions.Fraction(1, 2), uuid.UUID(int=1)),
    *(
        pathlib.PurePosixPath("/"),
        re.compile("x"),
        threading.Lock(),
        threading.Event(),
        queue.Queue(),
        queue.SimpleQueue(),
    ),
    *(logging.getLogger("test"), threading.current_thread(), owned.RLock(), (int, Settings)),
]
WRAPPED: list[Any] = [
    *([], {}, set(), bytearray(), object(), (1, []), ((), [[]]), slice([], 1), [].append, Settings(), closure()),
    *(
        io.BytesIO(),
        iter([]),
        {}.keys(),
        types.MappingProxyType({}),
        memoryview(b"x"),
        ValueError([]),
        Everything().get_self,
    ),
    *(collections.deque(), collections.OrderedDict(), functools.partial(print, []), types.SimpleNamespace(), "x".join),
    *(type("Text", (str,), {})("x"), type("Pair", (tuple,), {})((1, 2)), property(), weakref.ref(Settings())),
]


@pytest.mark.parametrize("value", BARE, ids=lambda value: type(value).__name__)
def test_what_cannot_change_comes_out_bare(value: Any) -> None:
    """Immutable values, code, and what guards itself come out as they are, on every way."""
    inside = types.SimpleNamespace(value=value, get=lambda: value)
    w, items = own(inside), own([value])
    assert w.value is value
    assert items[0] is value
    assert next(iter(items)) is value
    assert items.pop() is value


@pytest.mark.parametrize("value", WRAPPED, ids=lambda value: type(value).__name__)
def test_what_could_lead_inside_comes_out_wrapped(value: Any, elsewhere: Callable[..., Any]) -> None:
    """Attributes, items, steps and results are wrapped in the same hands, and are the object once unwrapped."""
    w = own([value, value])
    outs = [w[0], next(iter(w)), own(types.SimpleNamespace(value=value)).value, w.pop()]
    for out in outs:
        assert is_wrapped(out)
        assert unwrap(out) is value
        with pytest.raises(owned.WrongThreadError):
            elsewhere(lambda out=out: out.anything)


def test_guarded_objects_come_out_as_they_are() -> None:
    """What carries an owner of its own needs no second one."""

    @owned.owned
    class Account:
        pass

    account, wrapper = Account(), own([1])
    w = own([account, wrapper])
    assert w[0] is account
    assert w[1] is wrapper
    assert own(account) is account
    assert own(wrapper) is wrapper


def test_what_is_the_wrapped_object_comes_out_as_the_same_wrapper() -> None:
    """self-returning protocols keep identity; a method that returns self gives a wrapper of the same object."""
    w = own(Everything())
    with w as entered:
        assert entered is w
    steps = own(iter([1]))
    assert iter(steps) is steps
    inside = Everything()
    inside.me = inside  # type: ignore[attr-defined]
    w = own(inside)
    assert w.me is w
    assert unwrap(w.get_self()) is inside
    with w as entered:
        raise ValueError("swallowed by __exit__")
    assert list(w.log) == ["enter", "exit"]


def test_dict_and_vars_are_wrapped() -> None:
    """An instance dict is a way in as well."""
    inside = Settings()
    w = own(inside)
    for names in (w.__dict__, vars(w)):
        assert is_wrapped(names)
        assert names == {"values": [1, [2]]}
    w.__dict__["more"] = 1
    assert inside.more == 1  # type: ignore[attr-defined]


def test_stored_values_stay_what_they_are() -> None:
    """A value that is stored is not converted or wrapped; it is wrapped when it comes out."""
    inside, value = Settings(), [5]
    w = own(inside)
    w.values = value
    assert inside.values is value
    w.values[0] = value
    assert inside.values[0] is value
    del w.values
    assert not hasattr(inside, "values")


def test_a_private_object_stored_into_a_shared_wrapper_is_shared_too(elsewhere: Callable[..., Any]) -> None:
    """What a shared object holds is shared."""

    @owned.owned
    class Account:
        balance = 1

    lock = owned.RLock()
    w = owned.share(own({}), lock=lock)
    account, inner = Account(), own([1])
    with lock:
        w["account"] = account
        w["inner"] = inner
    assert owned.lock_of(account) is lock
    assert owned.lock_of(inner) is lock


# ---- operators ------------------------------------------------------------------------------------------------


def test_numeric_operators_in_both_orders() -> None:
    """Either operand may be a wrapper; the object sees the bare other one."""
    for name in ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "lshift", "rshift", "and_", "or_", "xor"):
        function, special = getattr(operator, name), name.strip("_")
        n, w = Number(3), own(Number(3))
        expected = function(n, Number(4))
        assert expected == (special, 3, 4)
        for result in (function(w, Number(4)), function(w, own(Number(4))), function(n, own(Number(4)))):
            assert result == expected
        assert function(5, w) == ("r" + special, 3, 5)
    assert divmod(own(Number(3)), 4) == ("divmod", 3, 4)
    assert divmod(4, own(Number(3))) == ("rdivmod", 3, 4)
    assert pow(own(Number(3)), own(4)) == ("pow", 3, 4)
    assert pow(own(2), own(3), own(5)) == 3
    assert pow(2, 3, own(5)) == 3 if sys.version_info >= (3, 15) else True


def test_in_place_operators_keep_the_wrapper() -> None:
    """An object that changes in place gives back the same wrapper; a value gives a new value."""
    for name in (
        "iadd",
        "isub",
        "imul",
        "imatmul",
        "itruediv",
        "ifloordiv",
        "imod",
        "ipow",
        "ilshift",
        "irshift",
        "iand",
        "ior",
        "ixor",
    ):
        inside = Number(3)
        w = own(inside)
        same = w
        w = getattr(operator, name)(w, own(4))
        assert w is same
        assert inside.value == 7
    w = items = own([1])
    w += [2]
    w += own([3])
    w *= 2
    assert w is items
    assert w == [1, 2, 3, 1, 2, 3]
    n = own(3)
    n += 4
    assert type(n) is int
    assert n == 7


def test_in_place_with_a_wrapper_on_the_right_never_makes_a_new_object() -> None:
    """Plain += w changes the plain object or raises: nobody else who has it misses the change."""
    plain = same = [1]
    plain += own([2])
    plain *= own(2)
    assert plain is same == [1, 2, 1, 2]
    numbers = {1}
    with pytest.raises(TypeError):
        numbers |= own({2})
    assert numbers == {1}
    names = same_names = {1: 2}
    names |= own({3: 4})
    assert names is same_names == {1: 2, 3: 4}
    with pytest.raises(TypeError):
        [1] + own([2])  # noqa: RUF005
    assert operator.add((1,), own((2,))) == (1, 2)
    assert "a" + own("b") == "ab"
    assert {1: 2} | own({3: 4}) == {1: 2, 3: 4}


def test_results_of_operators_are_wrapped() -> None:
    """A new list is still in the same hands; a number is just a number."""
    w = own([1])
    for result in (w + [2], w * 2, 2 * w, w[:], own({1}) | {2}, -own(collections.Counter(a=1))):  # noqa: RUF005
        assert is_wrapped(result)
    assert type(own(3) + own(4)) is int


def test_comparisons_and_hash() -> None:
    """Comparisons see the bare operands, in both orders; a wrapper is equal to its object and finds it in a dict."""
    w = own("key")
    assert w == "key"
    assert "key" == w  # noqa: SIM300
    assert w == own("key")
    assert hash(w) == hash("key")
    assert {"key": 1}[w] == 1
    assert own([1]) < [2]
    assert own([2]) > [1]
    assert own([1]) != own([2])
    assert own(object()) != own(object())
    assert own(2) >= 2 > own(1)


def test_conversions() -> None:
    """int, float, complex, index, round, floor, ceil, trunc, bytes, fspath, format, bool, length_hint."""
    n = own(Number(3))
    assert (int(n), float(n), complex(n), operator.index(n), bool(n), [0, 1, 2, 3][n]) == (3, 3.0, 3 + 0j, 3, True, 3)
    assert (round(n), round(n, 2)) == (("round", None), ("round", 2))
    assert (math.floor(n), math.ceil(n), math.trunc(n)) == ("floor", "ceil", "trunc")
    assert (int(own("42")), float(own("1.5")), int(own(b"7")), round(own(2.567), 1)) == (42, 1.5, 7, 2.6)
    x = own(Everything())
    assert (bytes(x), os.fspath(x), f"{x:spec}", operator.length_hint(iter(own([1, 2])))) == (
        b"bytes",
        "/path",
        "formatted spec",
        2,
    )
    assert bytes(own(3)) == bytes(3)
    assert bytes(own(bytearray(b"abc"))) == b"abc"
    assert f"{own(3.14159):.2f}" == "3.14"


def test_sequences_and_mappings_by_every_way() -> None:
    """Python code and C code reach items alike, negative indices and slices too."""
    w = own([1, 2, 3])
    assert (w[-1], w[0:2], list(w), tuple(reversed(w)), 2 in w, len(w), w.index(2)) == (
        3,
        [1, 2],
        [1, 2, 3],
        (3, 2, 1),
        True,
        3,
        1,
    )
    api = ctypes.pythonapi
    api.PySequence_GetItem.restype = ctypes.py_object
    assert api.PySequence_GetItem(ctypes.py_object(w), ctypes.c_ssize_t(-1)) == 3
    with pytest.raises(IndexError):
        api.PySequence_GetItem(ctypes.py_object(w), ctypes.c_ssize_t(-5))
    w[0:1] = [8, 9]
    del w[-1]
    assert w == [8, 9, 2]
    d = own({"a": 1})
    d["b"] = 2
    assert dict(d) == {"a": 1, "b": 2} == {**d} == dict(**d)
    assert sorted(d.items()) == [("a", 1), ("b", 2)]
    assert [k for k in d] == ["a", "b"]
    match w, d:
        case [[8, *_], {"a": found}]:
            assert found == 1
        case _:
            raise AssertionError("a wrapper matches as its object does")


def test_generators_keep_their_protocol() -> None:
    """send, throw, close, yield from; what is yielded and returned is wrapped."""
    w = own(generator())
    assert next(w) == [1]
    assert w.send([7]) == [7]
    with pytest.raises(StopIteration) as stop:
        next(w)
    assert is_wrapped(stop.value.value)
    assert stop.value.value == ["end"]

    def delegate() -> Any:
        return (yield from own(generator()))

    outer = delegate()
    assert is_wrapped(next(outer))
    assert is_wrapped(next(outer))
    with pytest.raises(StopIteration) as stop:
        next(outer)
    assert is_wrapped(stop.value.value)
    closing = own(generator())
    next(closing)
    closing.close()
    with pytest.raises(StopIteration):
        next(closing)


def test_async_protocols() -> None:
    """await, async for, async with, tasks, cancellation; the event loop sees its own futures bare."""

    async def main() -> None:
        assert is_wrapped(await own(coroutine()))
        assert is_wrapped(await own(Everything()))
        assert [is_wrapped(item) async for item in own(async_generator())] == [True]
        assert [item async for item in own(Everything())] == [[1, 2]]
        async with own(Everything()) as entered:
            assert is_wrapped(entered)
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_result, [5])
        assert is_wrapped(await own(future))
        task = asyncio.ensure_future(own(coroutine()))
        assert await task == [1]

        async def patient() -> str:
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                await asyncio.sleep(0)
                return "cancelled"
            return "slept"

        async def outer() -> Any:
            return await own(patient())

        for waiting in (own(patient()), outer()):
            task = asyncio.ensure_future(waiting)
            await asyncio.sleep(0)
            task.cancel()
            assert await task == "cancelled"
        with pytest.raises(TypeError):
            await own(3)

    asyncio.run(main())


def test_descriptors_only_where_the_object_is_one() -> None:
    """A wrapped function binds, a wrapped value does not, and __set__ makes a data descriptor."""

    class Host:
        method = own(lambda self, x: (self, x))
        value = own([1])
        descriptor = own(Everything())

    host: Any = Host()
    assert host.method(5) == (host, 5)
    assert Host.value is host.value
    assert host.descriptor[0] == "got"
    host.descriptor = 5
    del host.descriptor
    assert list(vars(Host)["descriptor"].log) == ["descriptor", "set", "deleted"]


def test_wrapped_classes() -> None:
    """A class can be called, subscripted, and asked for instances; what it makes is wrapped."""
    w = own(Settings)
    made = w()
    assert is_wrapped(made)
    assert isinstance(made, Settings)
    assert isinstance(Settings(), w)
    assert not isinstance(3, w)
    assert issubclass(Settings, w)
    assert own(list)[int] == list[int]
    assert isinstance(w, type)


def test_modules_functions_and_files(tmp_path: pathlib.Path) -> None:
    """Ordinary things of the standard library work behind a wrapper."""
    assert own(math).sqrt(4) == 2
    assert own(len)([1, 2]) == 2
    path = tmp_path / "file"
    with own(path.open("w", encoding="utf-8")) as file:
        print("line", file=file)
    with own(path.open(encoding="utf-8")) as file:
        assert list(file) == ["line\n"]
        assert file.closed is False
    assert own(re.match("(a)", "a"))[1] == "a"
    assert json.loads(json.dumps(unwrap(own({"a": [1]})))) == {"a": [1]}


def test_values_are_not_listed() -> None:
    """Immutable values may be wrapped by many threads at once: they belong to nobody."""
    for value in (None, 3, "text", (), (1, 2), frozenset(), Colour.RED, datetime.date(2020, 1, 1)):
        mine = own(value)
        owner_there: list[Any] = []
        thread = threading.Thread(target=lambda value=value, out=owner_there: out.append(own(value)))
        thread.start()
        thread.join(30)
        assert is_wrapped(owner_there[0])
        assert mine == value


def test_buffers_are_refused() -> None:
    """Access through a buffer could not be checked; the error says what to do."""
    for inside in (bytearray(b"abc"), b"abc", memoryview(b"abc")):
        with pytest.raises(TypeError, match=r"gives no buffer.*bytes\(w\).*unwrap\(w\)"):
            memoryview(own(inside))
        assert bytes(own(inside)) == b"abc"


# ---- what own() refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        *(threading.Lock, threading.RLock, threading.Condition, threading.Event, threading.Thread, threading.local),
        *(queue.Queue, queue.SimpleQueue, owned.Lock, owned.RLock, owned.Region, lambda: logging.getLogger("x")),
    ],
)
def test_what_serves_many_threads_is_refused(make: Callable[[], Any]) -> None:
    """Locks, queues and threads guard themselves; the error says to use them as they are."""
    with pytest.raises(TypeError, match=r"serves many threads.*use it as it is"):
        own(make())


def test_own_takes_one_positional_argument() -> None:
    """The signature is own(obj, /)."""
    with pytest.raises(TypeError):
        own()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        own(obj=[])  # type: ignore[call-arg]


def test_the_types_of_wrappers_are_closed() -> None:
    """Nobody makes, changes or re-labels a wrapper from Python."""
    w: Any = own([1])
    for touch in (
        lambda: type(w)(),
        lambda: Wrapper(),
        lambda: object.__new__(type(w)),
        lambda: type("Sub", (type(w),), {}),
        lambda: type("Sub", (Wrapper,), {})(),
        lambda: setattr(type(w), "append", 1),
        lambda: object.__setattr__(w, "__class__", type(own({}))),
        lambda: object.__dict__["__class__"].__set__(w, list),
    ):
        with pytest.raises(TypeError):
            touch()
    w.__init__()
    assert not hasattr(object, "wrapped")
    with pytest.raises(AttributeError):
        object.__getattribute__(w, "append")


# ---- next to its peer -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "touch",
    [
        lambda x: x.index(2),
        lambda x: x[1],
        lambda x: x[0:2],
        lambda x: len(x),
        lambda x: list(x),
        lambda x: x == [1, 2, 3],
        lambda x: x < [2],
        lambda x: 2 in x,
        lambda x: isinstance(x, list),
        lambda x: repr(x.copy()),
        lambda x: x.no_such_name,
        lambda x: x["key"],
        lambda x: bool(x),
        lambda x: str(x),
        lambda x: x * 2,
        lambda x: x + [4],  # noqa: RUF005
        lambda x: hash(x),
        lambda x: sorted(x, reverse=True),
    ],
)
def test_agrees_with_wrapt(touch: Callable[[Any], Any]) -> None:
    """Where both are transparent, both give the same."""
    outcomes: list[Any] = []
    for value in (own([1, 2, 3]), wrapt.ObjectProxy([1, 2, 3])):
        try:
            outcomes.append(touch(value))
        except Exception as error:
            outcomes.append(type(error))
    assert outcomes[0] == outcomes[1]
