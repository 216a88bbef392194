# SPDX-License-Identifier: MIT
# ruff: noqa: RUF005, SIM300, UP031 - the operators, in both operand orders, are what is tested
"""No way into a guarded container goes unchecked: generated from the builtins' own tables, and by syntax."""

from __future__ import annotations

import array
import copy
import decimal
import gc
import heapq
import json
import operator
import pickle
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import owned

KINDS: dict[str, tuple[type, type, Callable[[], Any]]] = {
    "List": (owned.List, list, lambda: owned.List([3, 1, 2])),
    "Dict": (owned.Dict, dict, lambda: owned.Dict({3: "c", 1: "a", 2: "b"})),
    "Set": (owned.Set, set, lambda: owned.Set({3, 1, 2})),
}

# What is not refused, and why.
EXEMPT = {
    "__class__": "the type is not checked",
    "__class_getitem__": "of the class",
    "__dir__": "names only",
    "__doc__": "of the class",
    "__format__": "goes through str(): a stub",
    "__getattribute__": "finds methods, each of which checks",
    "__hash__": "None: unhashable",
    "__init_subclass__": "of the class",
    "__module__": "of the class",
    "__new__": "makes another one",
    "__repr__": "a stub",
    "__sizeof__": "a size in memory, no contents",
    "__str__": "a stub",
    "__subclasshook__": "of the class",
    "fromkeys": "makes another one",
}

ARGUMENTS: tuple[tuple[Any, ...], ...] = (
    (),
    (0,),
    (1,),
    ("name",),
    (slice(0, 1),),
    ([],),
    ({},),
    (set(),),
    (0, 0),
    ("name", 0),
    (slice(0, 1), []),
)


def _members() -> Iterator[Any]:
    for kind, (guarded, base, _) in KINDS.items():
        for name in sorted({*dir(base), *dir(guarded)} - set(EXEMPT)):
            yield pytest.param(kind, name, id=f"{kind}.{name}")


@contextmanager
def _refused(error: type[owned.OwnershipError]) -> Iterator[None]:
    with pytest.raises(error) as caught:
        yield
    assert type(caught.value) is error


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_of_the_builtin_is_overridden(kind: str) -> None:
    """What the builtin type itself defines, the guarded type defines anew; a newer Python's new method fails here."""
    guarded, base, _ = KINDS[kind]
    assert set(vars(base)) - set(vars(guarded)) - set(EXEMPT) == set()


@pytest.mark.parametrize(("kind", "name"), list(_members()))
def test_every_member_is_refused_elsewhere(kind: str, name: str, elsewhere: Callable[..., Any]) -> None:
    """Called elsewhere with all sorts of arguments, a member raises WrongThreadError or does not take them."""
    guarded, base, make = KINDS[kind]
    container = make()
    before = base(container)
    member = getattr(guarded, name)

    def touch() -> int:
        refused = 0
        for arguments in ARGUMENTS:
            try:
                result = member(container, *arguments)
            except owned.WrongThreadError:
                refused += 1
            except TypeError:
                continue
            else:
                pytest.fail(f"{name}{arguments} gave {result!r}")
        return refused

    assert elsewhere(touch) > 0
    assert container == before


@pytest.mark.parametrize("name", sorted(EXEMPT))
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_exempt_shows_no_contents(kind: str, name: str, elsewhere: Callable[..., Any]) -> None:
    """The exempted members work from anywhere."""
    container = KINDS[kind][2]()
    if hasattr(container, name):
        elsewhere(getattr, container, name)


# ---- by syntax -------------------------------------------------------------------------------------------------------

READS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "List": {
        "item": lambda x: x[0],
        "slice": lambda x: x[:],
        "len": len,
        "bool": bool,
        "in": lambda x: 1 in x,
        "iter": iter,
        "reversed": reversed,
        "==": lambda x: x == [],
        "== reflected": lambda x: [] == x,
        "==, plain and equal": lambda x: [3, 1, 2] == x,
        "!=": lambda x: x != [],
        "<": lambda x: x < [],
        "< reflected": lambda x: [] < x,
        "+": lambda x: x + [],
        "+ reflected": lambda x: [] + x,
        "+= on a plain list": lambda x: operator.iadd([], x),
        "*": lambda x: x * 2,
        "* reflected": lambda x: 2 * x,
        "unpack": lambda x: [*x],
        "unpack into names": lambda x: (lambda a, b, c: None)(*x),
        "list()": list,
        "tuple()": tuple,
        "sorted": sorted,
        "max": max,
        "zip": lambda x: list(zip(x, x, strict=True)),
        "plain.extend": lambda x: [].extend(x),
        "plain slice": lambda x: operator.setitem([], slice(0, 0), x),
        "join": lambda x: "".join(x),
        "json": json.dumps,
        "json, pure Python": lambda x: json.dumps(x, indent=1),
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
        "pickle": pickle.dumps,
        "pickle, protocol 0": lambda x: pickle.dumps(x, 0),
        "match": lambda x: _match(x),
    },
    "Dict": {
        "item": lambda x: x[1],
        "get": lambda x: x.get(1),
        "len": len,
        "bool": bool,
        "in": lambda x: 1 in x,
        "iter": iter,
        "reversed": reversed,
        "==": lambda x: x == {},
        "== reflected": lambda x: {} == x,
        "!=": lambda x: x != {},
        "|": lambda x: x | {},
        "| reflected": lambda x: {} | x,
        "|= on a plain dict": lambda x: operator.ior({}, x),
        "keys": lambda x: x.keys(),
        "values": lambda x: x.values(),
        "items": lambda x: x.items(),
        "unpack": lambda x: {**x},
        "dict()": dict,
        "list()": list,
        "set()": set,
        "plain.update": lambda x: {}.update(x),
        "%": lambda x: "%(a)s" % x,
        "format_map": lambda x: "{a}".format_map(x),
        "json": json.dumps,
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
        "pickle": pickle.dumps,
        "pickle, protocol 0": lambda x: pickle.dumps(x, 0),
        "match": lambda x: _match(x),
    },
    "Set": {
        "len": len,
        "bool": bool,
        "in": lambda x: 1 in x,
        "iter": iter,
        "==": lambda x: x == {1},
        "== reflected": lambda x: {1} == x,
        "<=": lambda x: x <= {1},
        "<= reflected": lambda x: {1} <= x,
        "&": lambda x: x & {1},
        "& reflected": lambda x: {1} & x,
        "|": lambda x: x | {1},
        "| reflected": lambda x: {1} | x,
        "-": lambda x: x - {1},
        "- reflected": lambda x: {1} - x,
        "^": lambda x: x ^ {1},
        "^ reflected": lambda x: {1} ^ x,
        "list()": list,
        "sorted": sorted,
        "unpack": lambda x: [*x],
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
        "pickle": pickle.dumps,
        "pickle, protocol 0": lambda x: pickle.dumps(x, 0),
    },
}

WRITES: dict[str, dict[str, Callable[[Any], Any]]] = {
    "List": {
        "item": lambda x: operator.setitem(x, 0, 9),
        "del": lambda x: operator.delitem(x, 0),
        "slice": lambda x: operator.setitem(x, slice(0, 1), [9]),
        "del slice": lambda x: operator.delitem(x, slice(0, 1)),
        "+=": lambda x: operator.iadd(x, [9]),
        "*=": lambda x: operator.imul(x, 2),
        "append": lambda x: x.append(9),
        "sort": lambda x: x.sort(),
        "__init__": lambda x: x.__init__(),
        "attribute": lambda x: setattr(x, "name", 9),
    },
    "Dict": {
        "item": lambda x: operator.setitem(x, 1, 9),
        "del": lambda x: operator.delitem(x, 1),
        "|=": lambda x: operator.ior(x, {9: 9}),
        "update": lambda x: x.update(a=9),
        "setdefault": lambda x: x.setdefault(9, 9),
        "pop": lambda x: x.pop(1),
        "popitem": lambda x: x.popitem(),
        "clear": lambda x: x.clear(),
        "__init__": lambda x: x.__init__(),
    },
    "Set": {
        "&=": lambda x: operator.iand(x, {9}),
        "|=": lambda x: operator.ior(x, {9}),
        "-=": lambda x: operator.isub(x, {1}),
        "^=": lambda x: operator.ixor(x, {9}),
        "add": lambda x: x.add(9),
        "remove": lambda x: x.remove(1),
        "pop": lambda x: x.pop(),
        "clear": lambda x: x.clear(),
        "__init__": lambda x: x.__init__(),
    },
}


def _match(value: Any) -> Any:
    match value:
        case [_, *_]:
            return "sequence"
        case {1: _}:
            return "mapping"


def _touches(*tables: dict[str, dict[str, Callable[[Any], Any]]]) -> list[Any]:
    return [
        pytest.param(kind, touch, id=f"{kind} {name}")
        for table in tables
        for kind, touches in table.items()
        for name, touch in touches.items()
    ]


@pytest.mark.parametrize(("kind", "touch"), _touches(READS, WRITES))
def test_private_elsewhere(kind: str, touch: Callable[[Any], Any], elsewhere: Callable[..., Any]) -> None:
    """A container that is private to this thread refuses every touch of another one, and is as it was."""
    _, base, make = KINDS[kind]
    container = make()
    with _refused(owned.WrongThreadError):
        elsewhere(touch, container)
    assert container == base(make())


@pytest.mark.parametrize(("kind", "touch"), _touches(READS, WRITES))
def test_shared_without_its_lock(kind: str, touch: Callable[[Any], Any]) -> None:
    """A shared container refuses every touch without its lock, by the thread that shared it too."""
    lock = owned.Lock()
    container = owned.share(KINDS[kind][2](), lock=lock)
    with _refused(owned.LockNotHeldError):
        touch(container)
    with lock:
        assert container == KINDS[kind][2]()


@pytest.mark.parametrize(("kind", "touch"), _touches(READS, WRITES))
def test_moved(kind: str, touch: Callable[[Any], Any]) -> None:
    """A container in transit refuses every touch, by the thread that moved it too."""
    container = KINDS[kind][2]()
    parcel = owned.move(container)
    with _refused(owned.MovedError):
        touch(container)
    assert parcel.claim() is container


@pytest.mark.parametrize(("kind", "touch"), _touches(READS, WRITES))
def test_legal_with_the_lock(kind: str, touch: Callable[[Any], Any], elsewhere: Callable[..., Any]) -> None:
    """With the lock, every touch does on any thread what it does to the builtin."""

    def outcome(value: Any) -> Any:
        try:
            return "done", touch(value)
        except owned.OwnershipError:
            raise
        except Exception as error:
            return type(error), str(error).replace("owned.", "").lower()

    lock = owned.Lock()
    container = owned.share(KINDS[kind][2](), lock=lock)

    def run() -> Any:
        with lock:
            how, result = outcome(container)
            return how, [*result] if isinstance(result, Iterator) else result

    plain = KINDS[kind][1](KINDS[kind][2]())
    expected_how, expected = outcome(plain)
    if isinstance(expected, Iterator):
        expected = [*expected]
    how, result = elsewhere(run)
    assert how == expected_how
    if how == "done" and not isinstance(result, (bytes, type({}.values()))) and type(result).__name__ != "DictValues":
        with lock, owned.unchecked():
            assert result == expected
    with lock:
        assert container == plain


# ---- iterators and views ---------------------------------------------------------------------------------------------

WALKS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "iter(List)": ("List", iter),
    "reversed(List)": ("List", reversed),
    "iter(Dict)": ("Dict", iter),
    "reversed(Dict)": ("Dict", reversed),
    "iter(keys)": ("Dict", lambda x: iter(x.keys())),
    "iter(values)": ("Dict", lambda x: iter(x.values())),
    "iter(items)": ("Dict", lambda x: iter(x.items())),
    "reversed(keys)": ("Dict", lambda x: reversed(x.keys())),
    "reversed(values)": ("Dict", lambda x: reversed(x.values())),
    "reversed(items)": ("Dict", lambda x: reversed(x.items())),
    "iter(Set)": ("Set", iter),
}


@pytest.mark.parametrize("walk", WALKS)
def test_an_iterator_is_no_way_around_the_lock(walk: str, elsewhere: Callable[..., Any]) -> None:
    """Begun under the lock, a walk stops with an error at the first step without it, and goes on with it."""
    kind, start = WALKS[walk]
    lock = owned.Lock()
    container = owned.share(KINDS[kind][2](), lock=lock)
    with lock:
        expected = list(start(container))
        iterator = start(container)
        first = next(iterator)
    for touch in (next, list, operator.length_hint, copy.copy, lambda it: it.__reduce__()):
        with _refused(owned.LockNotHeldError):
            touch(iterator)
        with _refused(owned.LockNotHeldError):
            elsewhere(touch, iterator)

    def finish() -> list[Any]:
        with lock:
            return list(iterator)

    assert [first, *elsewhere(finish)] == expected
    assert list(iterator) == [], "at its end an iterator has let go of the container"


@pytest.mark.parametrize("walk", WALKS)
def test_an_iterator_follows_its_container(walk: str) -> None:
    """An iterator made while the container was private asks for the lock once it is shared."""
    kind, start = WALKS[walk]
    container = KINDS[kind][2]()
    iterator = start(container)
    next(iterator)
    lock = owned.Lock()
    owned.share(container, lock=lock)
    with _refused(owned.LockNotHeldError):
        next(iterator)
    with lock:
        assert len(list(iterator)) == 2


VIEW_USES: dict[str, Callable[[Any], Any]] = {
    "len": len,
    "bool": bool,
    "iter": iter,
    "list": list,
    "in": lambda v: 1 in v,
    "reversed": reversed,
    "mapping": lambda v: v.mapping,
}
SET_USES: dict[str, Callable[[Any], Any]] = {
    "==": lambda v: v == {1},
    "== reflected": lambda v: {1} == v,
    "== view": lambda v: {}.keys() == v,
    "<=": lambda v: v <= {1},
    "< reflected": lambda v: {1} < v,
    "&": lambda v: v & {1},
    "& reflected": lambda v: {1} & v,
    "& view": lambda v: {1: 1}.keys() & v,
    "|": lambda v: v | {1},
    "| reflected": lambda v: {1} | v,
    "-": lambda v: v - {1},
    "- reflected": lambda v: {1} - v,
    "^": lambda v: v ^ {1},
    "^ reflected": lambda v: {1} ^ v,
    "isdisjoint": lambda v: v.isdisjoint({1}),
    "isdisjoint reflected": lambda v: {1}.isdisjoint(v),
    "set()": set,
}


@pytest.mark.parametrize(
    ("view", "use"),
    [
        pytest.param(view, use, id=f"{view} {name}")
        for view in ("keys", "items", "values")
        for name, use in {**VIEW_USES, **({} if view == "values" else SET_USES)}.items()
    ],
)
def test_a_view_is_no_way_around_the_lock(view: str, use: Callable[[Any], Any], elsewhere: Callable[..., Any]) -> None:
    """A view taken under the lock asks for it at every use."""
    lock = owned.Lock()
    container = owned.share(owned.Dict({1: 2}), lock=lock)
    with lock:
        seen = getattr(container, view)()
    with _refused(owned.LockNotHeldError):
        use(seen)
    with _refused(owned.LockNotHeldError):
        elsewhere(use, seen)
    assert "guarded by" in repr(seen)
    with lock:
        use(seen)


def test_a_proxy_of_a_view_asks_too() -> None:
    """view.mapping is a proxy of the Dict, not of what is behind it."""
    lock = owned.Lock()
    container = owned.share(owned.Dict(a=1), lock=lock)
    with lock:
        proxy = container.keys().mapping
    for touch in (
        len,
        list,
        dict,
        lambda p: p["a"],
        lambda p: p.get("a"),
        lambda p: "a" in p,
        lambda p: p.copy(),
        lambda p: p == {},
    ):
        with _refused(owned.LockNotHeldError):
            touch(proxy)


def test_as_the_globals_of_code(elsewhere: Callable[..., Any]) -> None:
    """Code whose globals are a Dict is refused elsewhere like anybody, and the error does not look into them."""
    names = owned.Dict(a=1)
    with _refused(owned.WrongThreadError):
        elsewhere(eval, "a", names)
    assert eval("a", names) == 1


OPERANDS: dict[str, Callable[[Any], Any]] = {
    "union": lambda s: owned.Set().union(s),
    "update": lambda s: owned.Set().update([], s),
    "intersection": lambda s: owned.Set({1}).intersection(s),
    "difference": lambda s: owned.Set({1}).difference(s),
    "symmetric_difference_update": lambda s: owned.Set().symmetric_difference_update(s),
    "issubset": lambda s: owned.Set().issubset(s),
    "isdisjoint": lambda s: owned.Set().isdisjoint(s),
    "discard": lambda s: owned.Set().discard(s),
    "in": lambda s: s in owned.Set(),
    "init": owned.Set,
    "|": lambda s: owned.Set() | s,
    "|=": lambda s: operator.ior(owned.Set(), s),
    "==": lambda s: owned.Set() == s,
    "keys &": lambda s: owned.Dict({1: 1}).keys() & s,
    "keys -": lambda s: owned.Dict({1: 1}).keys() - s,
    "keys isdisjoint": lambda s: owned.Dict({1: 1}).keys().isdisjoint(s),
    "List.extend": lambda s: owned.List().extend(s),
    "List slice": lambda s: operator.setitem(owned.List(), slice(0, 0), s),
    "Dict.fromkeys": owned.Dict.fromkeys,
}


@pytest.mark.parametrize("use", OPERANDS)
def test_operands_are_checked(use: str, elsewhere: Callable[..., Any]) -> None:
    """A container of mine does not look into somebody else's for me, where the builtin's C code would."""
    with _refused(owned.WrongThreadError):
        elsewhere(OPERANDS[use], owned.Set({1, 2}))


def test_an_iterable_that_lets_go_of_the_lock() -> None:
    """What is yielded after the lock was released does not get in: the check is made again before the mutation."""
    lock = owned.Lock()
    shared = owned.share(owned.List([0]), lock=lock)
    table = owned.share(owned.Dict(a=0), lock=lock)
    marks = owned.share(owned.Set({0}), lock=lock)

    def releasing(values: list[Any]) -> Iterator[Any]:
        lock.release()
        yield from values

    for update in (
        lambda: shared.extend(releasing([1])),
        lambda: operator.setitem(shared, slice(0, 0), releasing([1])),
        lambda: shared.__init__(releasing([1])),
        lambda: table.update(releasing([("b", 1)])),
        lambda: marks.update(releasing([1])),
    ):
        lock.acquire()
        with _refused(owned.LockNotHeldError):
            update()
    with lock:
        assert (shared, table, marks) == ([0], {"a": 0}, {0})


# ---- what cannot be stopped ------------------------------------------------------------------------------------------

LIMITS = Path(__file__).parents[2] / "docs" / "limits-containers.md"


class Plain:
    pass


def _unchecked_calls() -> Iterator[Any]:
    for line in LIMITS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.replace("\\|", "OR").strip("|").split("|")]
        if len(cells) == 3 and cells[0].strip("`") in KINDS:
            call = cells[1].split("`")[1].replace("OR", "|")
            yield pytest.param(cells[0].strip("`"), call, id=f"{cells[0]} {call}")


@pytest.mark.parametrize(("kind", "call"), list(_unchecked_calls()))
def test_the_limits_are_those_in_the_docs(kind: str, call: str, elsewhere: Callable[..., Any]) -> None:
    """Every call that docs/limits names as unchecked is; one that CPython begins to ask us about fails here."""
    names = {
        "array": array,
        "decimal": decimal,
        "heapq": heapq,
        "operator": operator,
        "Plain": Plain,
        "plain": {9},
        "x": KINDS[kind][2](),
    }
    elsewhere(eval, call, names)


# ---- life on several threads -----------------------------------------------------------------------------------------


def test_copies_belong_to_the_thread_that_made_them(elsewhere: Callable[..., Any]) -> None:
    """Copies, slices, results of operators and unpickled containers are private to the thread that made them."""
    lock = owned.Lock()
    shared = owned.share(owned.List([1, 2]), lock=lock)
    table = owned.share(owned.Dict(a=1), lock=lock)
    marks = owned.share(owned.Set({1}), lock=lock)

    def make() -> list[Any]:
        with lock:
            made = [shared[:], shared.copy(), shared + [3], shared * 2, copy.copy(shared), copy.deepcopy(shared)]
            made += [table.copy(), table | {}, copy.deepcopy(table), marks.copy(), marks | {2}, copy.copy(marks)]
            made += [pickle.loads(pickle.dumps(value)) for value in (shared, table, marks)]
        for value in made:
            assert type(value) in (owned.List, owned.Dict, owned.Set)
            assert len(value) > 0
            assert owned.state(value) == "private"
        return made

    for value in elsewhere(make):
        assert owned.state(value) == "orphaned"
        with _refused(owned.OrphanedError):
            len(value)


@pytest.mark.parametrize("kind", KINDS)
def test_dies_on_any_thread(kind: str, elsewhere: Callable[..., Any]) -> None:
    """The last reference may be dropped, and a cycle collected, on another thread."""
    container = [KINDS[kind][2]()]
    died = weakref.ref(container[0])
    elsewhere(container.clear)
    assert died() is None

    class Holder:
        pass

    loop = Holder()
    loop.container = KINDS[kind][2]()
    loop.iterator = iter(loop.container)
    if kind == "Dict":
        loop.container["loop"] = loop
        loop.view = loop.container.items()
    else:
        getattr(loop.container, "add" if kind == "Set" else "append")(loop)
    collected = weakref.ref(loop.container)
    del loop
    elsewhere(gc.collect)
    assert collected() is None


def test_a_finalizer_acts_as_the_owner(elsewhere: Callable[..., Any]) -> None:
    """__del__ of a subclass may look at the container, on whatever thread it runs."""
    seen: list[tuple[int, list[int]]] = []

    class Dying(owned.List[int]):
        def __del__(self) -> None:
            seen.append((len(self), list(self)))

    holder = [Dying([1, 2])]
    elsewhere(holder.clear)
    assert seen == [(2, [1, 2])]


def test_many_threads_under_one_lock() -> None:
    """Eight threads that take the lock lose nothing, and each of 10,000 touches without it is refused."""
    lock = owned.Lock()
    numbers = owned.share(owned.List(), lock=lock)
    table = owned.share(owned.Dict(), lock=lock)
    marks = owned.share(owned.Set(), lock=lock)
    barrier = threading.Barrier(8)
    refused: list[int] = []

    def work(worker: int) -> None:
        barrier.wait(30)
        count = 0
        for i in range(160):
            with lock:
                numbers.append((worker, i))
                table[worker, i] = i
                marks.add((worker, i))
            for touch in (
                lambda: numbers.append(0),
                lambda: table.get(0),
                lambda: 0 in marks,
                lambda: numbers[0],
                marks.pop,
                lambda: table.update(a=1),
                lambda: list(table.items()),
                lambda: numbers.sort(),
            ):
                try:
                    touch()
                except owned.LockNotHeldError:
                    count += 1
        refused.append(count)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert sum(refused) == 8 * 160 * 8
    expected = {(worker, i) for worker in range(8) for i in range(160)}
    with lock:
        assert len(numbers) == len(expected)
        assert set(list(numbers)) == expected
        assert set(table) == expected
        assert set(list(marks)) == expected


def test_unchecked_threads_do_not_crash() -> None:
    """In `with unchecked()` several threads may race as they may on the builtin: no errors of ours, and no crash."""
    numbers, table, marks = owned.List(range(50)), owned.Dict.fromkeys(range(50), 0), owned.Set(range(50))
    barrier = threading.Barrier(4)
    errors: list[BaseException] = []

    def work(worker: int) -> None:
        barrier.wait(30)
        with owned.unchecked():
            for i in range(300):
                try:
                    numbers.append(i)
                    numbers[0], numbers[-1] = i, [i]
                    numbers.pop()
                    numbers[5:7] = [i, i]
                    table[worker, i] = {"of": worker}
                    table.pop((worker, i - 1), None)
                    marks.add((worker, i))
                    marks.discard((worker, i - 1))
                    sum(1 for _ in numbers)
                    list(table.items())
                    marks & {1, 2, 3}
                except RuntimeError as error:
                    if isinstance(error, owned.OwnershipError):
                        errors.append(error)
                except (IndexError, KeyError):
                    continue

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert errors == []
