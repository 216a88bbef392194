# SPDX-License-Identifier: MIT
"""What rewritten code tells of, construct by construct, and when."""

from __future__ import annotations

import builtins
import textwrap
from types import SimpleNamespace
from typing import Any

import pytest

from recorder import PREFIX, Told, recording, rewritten

N = "SimpleNamespace"


def told_by(source: str, **names: Any) -> list[tuple[Any, ...]]:
    """What the source tells while it runs in a function whose parameters are `names`."""
    with recording(on=False) as told:
        space: dict[str, Any] = {}
        body = textwrap.indent(textwrap.dedent(source), "    ")
        exec(rewritten(f"def function({', '.join(names)}):\n{body}\n"), space)
        vars(builtins)[PREFIX + "MT"] = True
        space["function"](**names)
        return list(told)


def thing(**values: Any) -> Any:
    """An object with attributes."""
    return SimpleNamespace(**values)


CASES: list[tuple[str, dict[str, Any], list[tuple[Any, ...]]]] = [
    ("x.a", {"x": thing(a=1)}, [("r", N, "a")]),
    ("x.a.b", {"x": thing(a=thing(b=1))}, [("r", N, "a"), ("r", N, "b")]),
    ("x.a = 1", {"x": thing()}, [("w", N, "a")]),
    ("x.a += 1", {"x": thing(a=1)}, [("u", N, "a")]),
    ("x.a += y", {"x": thing(a=1), "y": 1}, [("r", N, "a"), ("w", N, "a")]),
    ("del x.a", {"x": thing(a=1)}, [("w", N, "a")]),
    ("x.a: int = 1", {"x": thing()}, [("w", N, "a")]),
    ("x.f()", {"x": thing(f=int)}, [("r", N, "f")]),
    ("x[0]", {"x": [1]}, [("ri", "list", 0)]),
    ("x[0] = 1", {"x": [1]}, [("wi", "list", 0)]),
    ("x[0] += 1", {"x": [1]}, [("ui", "list", 0)]),
    ("x[y] += z", {"x": [1], "y": 0, "z": 1}, [("ri", "list", 0), ("wi", "list", 0)]),
    ("del x[0]", {"x": [1]}, [("di", "list", 0)]),
    ("x[1:]", {"x": [1]}, [("ri", "list", slice(1, None, None))]),
    ("x[1:] = []", {"x": [1]}, [("wi", "list", slice(1, None, None))]),
    ("del x[1:]", {"x": [1]}, [("ws", "list")]),
    ("a, b = x", {"x": [1, 2]}, [("s", "list")]),
    ("a, x.b = 1, 2", {"x": thing()}, [("w", N, "b")]),
    ("a = x[0] = 1", {"x": [1]}, [("wi", "list", 0)]),
    ("a, x[y + 0] = 1, 2", {"x": [1], "y": 0}, [("wi", "list", 0)]),
    ("for i in x: pass", {"x": [1]}, [("it", "list")]),
    ("for x.i in (1, 2): pass", {"x": thing()}, [("w", N, "i")] * 2),
    ("[i for i in x]", {"x": [1]}, [("it", "list")]),
    ("{i.a: i for i in x}", {"x": [thing(a=1)]}, [("it", "list"), ("r", N, "a")]),
    ("list(i.a for i in x)", {"x": [thing(a=1)]}, [("it", "list"), ("r", N, "a")]),
    ("print(*x, end='')", {"x": []}, [("s", "list")]),
    ("dict(**x)", {"x": {}}, [("s", "dict")]),
    ("[*x]; {**y}", {"x": [], "y": {}}, [("s", "list"), ("s", "dict")]),
    ("1 in x", {"x": [1]}, [("c", "list", 1)]),
    ("abs(1) in x", {"x": [1]}, [("c", "list", 1)]),
    ("x.a in y.b", {"x": thing(a=1), "y": thing(b=[1])}, [("r", N, "a"), ("r", N, "b"), ("c", "list", 1)]),
    ("x == [1]; {1} != y; x == y", {"x": [], "y": []}, [("s", "list"), ("s", "list")]),
    ("if x: pass", {"x": []}, [("s", "list")]),
    ("while x: x = None", {"x": [1]}, [("s", "list"), ("s", "NoneType")]),
    ("not x.a", {"x": thing(a=[])}, [("r", N, "a"), ("s", "list")]),
    ("x += y", {"x": [1], "y": [2]}, [("a", "list")]),
    ("x |= y", {"x": {1}, "y": {2}}, [("a", "set")]),
    ("x | y", {"x": {1}, "y": {2}}, [("s", "set"), ("s", "set")]),
    ("x.append(1)", {"x": []}, [("b", "list", "append")]),
    ("x.a.pop()", {"x": thing(a=[1])}, [("r", N, "a"), ("b", "list", "pop")]),
    ("f'{x.a} {x.b!r:{x.c}}'", {"x": thing(a=1, b=2, c=">3")}, [
        ("r", N, "a"), ("s", "int"), ("r", N, "b"), ("s", "int"), ("r", N, "c"), ("s", "str"),
    ]),
    ("lambda: x.a", {"x": thing(a=1)}, []),
    ("(lambda: x.a)()", {"x": thing(a=1)}, [("r", N, "a")]),
    ("assert x.a, x.b", {"x": thing(a=1, b=1)}, [("r", N, "a"), ("s", "int")]),
    ("return x.a", {"x": thing(a=1)}, [("r", N, "a")]),
    ("x.a if x.b else x.c", {"x": thing(a=1, b=0, c=2)}, [("r", N, "b"), ("s", "int"), ("r", N, "c")]),
    ("yield_ = lambda: (yield from x)\nlist(yield_())", {"x": [1]}, [("it", "list")]),
    ("with x.cm as x.y: x.z", {"x": thing(cm=memoryview(b""), z=1)}, [
        ("r", N, "cm"), ("w", N, "y"), ("r", N, "z"),
    ]),
    ("try: 1 / 0\nexcept x.E as e: x.a", {"x": thing(E=ZeroDivisionError, a=1)}, [("r", N, "E"), ("r", N, "a")]),
    ("match x:\n  case SimpleNamespace(a=1): pass", {"x": thing(a=1), "SimpleNamespace": SimpleNamespace}, [
        ("r", N, "a"),
    ]),
    ("match x:\n  case [1, [2]]: pass", {"x": [1, [3]]}, [("s", "list"), ("s", "list")]),
    ("match x:\n  case {'k': {'l': 1}}: pass", {"x": {"k": {}}}, [("ri", "dict", "k"), ("ri", "dict", "l")]),
]  # fmt: skip


@pytest.mark.parametrize(("source", "names", "expected"), CASES, ids=[case[0] for case in CASES])
def test_accesses(source: str, names: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    """Each access is told once, with the object and the name or key."""
    found = told_by(source, **names)
    if source.startswith("match x:"):
        found = [what for what in found if what[0] != "ri" or what[1] != "list"]
    assert found == expected


@pytest.mark.parametrize(
    "call",
    ["x.a = start()", "print(start(), x.a)", "start().a", "start()[0]", "for i in start(): pass", "start(); x.a",
     "x.b.c = start()", "y[x.a] = start()", "return start().a", "[i for i in start()]",
     "if start(): x.a", "while start() and x.a: break", "start() in y", "g.n = start()", "x.m().a"],
)  # fmt: skip
def test_the_telling_begins_inside(call: str) -> None:
    """What follows a call that starts the first thread is told already."""
    with recording(on=False) as told:

        class Started(list[int]):
            a = 1
            __hash__ = object.__hash__  # type: ignore[assignment]

        def start() -> Started:
            vars(builtins)[PREFIX + "MT"] = True
            return Started([0, 1])

        x = thing(a=1, b=thing(), m=start)
        space: dict[str, Any] = {"start": start, "print": lambda *args: None, "g": thing()}
        exec(rewritten(f"def function(x, y):\n    {call}\n"), space)
        space["function"](x, {})
        assert told


def test_nothing_while_alone() -> None:
    """While MT is None no hook of an access is called."""
    from snippets import HELPERS, SNIPPETS

    for name in ("attributes", "items", "comprehensions", "closures", "globals"):
        with recording(on=False) as told:
            space: dict[str, Any] = {"log": []}
            exec(HELPERS, space)
            hooks = {PREFIX + hook for hook in ("r", "gi", "g", "v", "it")}
            try:
                exec(rewritten(SNIPPETS[name]), space)
            except (AttributeError, KeyError):
                pass
            assert len(told) < 25 and hooks


def test_globals() -> None:
    """Globals that change are told of, those that are defined once are not."""
    source = """
        import os
        count = 0
        def helper(): pass
        class Class: pass
        def function():
            global count, late
            os; helper; Class; len
            late = count
            count += 1
            (count := count)
            del late
        try:
            import json
        except ImportError:
            json = None
        function()
        json
    """
    with recording() as told:
        exec(rewritten(textwrap.dedent(source)), {})
    assert told == [
        ("G", "count"), ("G", "json"), ("g", "count"), ("G", "late"), ("g", "count"), ("G", "count"),
        ("g", "count"), ("G", "count"), ("G", "late"), ("g", "json"),
    ]  # fmt: skip


def test_closures() -> None:
    """Variables that inner functions share and that change are told of, with a scope for each call."""
    source = """
        def outer(fixed):
            count = 0
            own = 1
            own = 2
            def inner():
                nonlocal count
                count += 1
                return count, fixed
            return inner()
        outer(1)
    """
    with recording() as told:
        exec(rewritten(textwrap.dedent(source)), {})
    assert told == [("V", "count"), ("v", "count"), ("V", "count"), ("v", "count")]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("n = 0\ndef f():\n  global n\n  n += 1\n", {"n"}),
        ("n = 0\n", {"n"}),
        ("def n(): pass\n", set()),
        ("import n\n", set()),
        ("def f():\n  global n\n  import n\n", {"n"}),
        ("for n in []: pass\n", {"n"}),
        ("class C:\n  n = 1\n", set()),
    ],
)
def test_which_globals(source: str, names: set[str]) -> None:
    """Those that something else than a definition binds, or a function."""
    import ast

    from owned._audit._scopes import Scopes

    assert Scopes(ast.parse(source)).module.told == names


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("n = 0\n  def g():\n    nonlocal n\n    n = 1", {"n"}),
        ("n = 0\n  def g(): return n", set()),
        ("def g(): return n\n  n = 0", {"n"}),
        ("n = 0\n  n = 1\n  return lambda: n", {"n"}),
        ("for n in []:\n    (lambda: n)()", {"n"}),
        ("n = 0\n  n = 1", set()),
        ("def g(): return h()\n  def h(): return g()", set()),
        ("n = 0\n  n = 1\n  return [n for i in n]", set()),
        ("global n\n  n = 0\n  return lambda: n", set()),
        ("class C:\n    nonlocal_ = 1\n    def m(self): return nonlocal_", set()),
        ("n = 1\n  class C:\n    nonlocal n\n    n = 2\n    def m(self): return n", {"n"}),
    ],
)
def test_which_closures(body: str, names: set[str]) -> None:
    """Those that an inner function uses and that change after that function was made, or may."""
    import ast

    from owned._audit._scopes import Scopes

    tree = ast.parse(f"def f():\n  {body}\n")
    assert Scopes(tree).of[tree.body[0]].told == names


def test_private_names() -> None:
    """What is told is the name that the attribute has."""
    source = """
        class _Under:
            def __init__(self):
                self.__x = 1
                self.__x += 1
                self.__m()
                self.__dunder__ = 2
            def __m(self): return self.__x
            def __other(self): pass
        _Under()._Under__other = 1
    """
    with recording() as told:
        exec(rewritten(textwrap.dedent(source)), {"__name__": "m"})
    names = [what[2] for what in told]
    assert names == ["_Under__x", "_Under__x", "_Under__x", "__dunder__", "_Under__other"]


def test_made() -> None:
    """It is told where containers are made that get a name, and when an object is born."""
    made: list[str] = []
    with recording() as told:
        assert isinstance(told, Told)
        vars(builtins)[PREFIX + "new"] = lambda obj: (made.append(type(obj).__name__), obj)[1]
        vars(builtins)[PREFIX + "born"] = lambda obj: made.append("born " + type(obj).__name__)
        source = """
            from collections import deque
            class C:
                shared = {}
                def __init__(self, x=[]):
                    "doc"
                    self.q = deque()
            def f():
                a = b = [1]
                c: set = {i for i in a}
                (d := dict())
                e = 1, 2
                return len([1])
            C(); f()
        """
        exec(rewritten(textwrap.dedent(source)), {"__name__": "m"})
    assert made == ["dict", "list", "born C", "deque", "list", "set", "dict"]


def test_code_stays_linear() -> None:
    """What decides inside is not copied: the size of the code does not double with each level."""

    def size(code: Any) -> int:
        return len(code.co_code) + sum(size(c) for c in code.co_consts if hasattr(c, "co_code"))

    for make in (
        lambda n: "x" + ".f(y.a).b" * n,
        lambda n: "f(x.a, " * n + "1" + ")" * n,
        lambda n: "lambda: (x.a, " * n + "1" + ")" * n,
        lambda n: "[x.a for x in " * n + "y" + "]" * n,
        lambda n: "x.a if x.b(y.c) else (" * n + "1" + ")" * n,
    ):
        small, large = (size(rewritten(make(n))) for n in (5, 20))
        assert large < small * 8


def test_methods() -> None:
    """That a method is looked up which the module defines is told only if something there replaces such a one."""
    source = """
        class C:
            handler = None
            def kept(self): pass
            def replaced(self): pass
        def use(c):
            c.kept(); c.replaced(); c.handler(); c.foreign()
            c.kept
        use(c)
        c.replaced = None
    """
    with recording() as told:
        exec(rewritten(textwrap.dedent(source)), {"c": thing(kept=int, replaced=int, handler=int, foreign=int)})
    assert [what[2] for what in told] == ["replaced", "handler", "foreign", "kept", "replaced"]


def test_imported_functions() -> None:
    """Of imported functions only those are asked about that are known, under whatever name."""
    asked: list[str] = []
    with recording():
        vars(builtins)[PREFIX + "f"] = lambda function: (asked.append(function.__name__), function)[1]
        source = (
            "from math import sin, cos as len\nfrom heapq import heappush as push\nsin(1), len(1), push([], 1), abs(1)"
        )
        exec(rewritten(source), {})
    assert asked == ["heappush"]
