# SPDX-License-Identifier: MIT
"""Small programs, at least one for each construct of the language, that write down what they do in which order.

Each is run with a function ``t(value)`` that appends the value to ``log`` and returns it, and a class ``Watched`` whose
instances log every access of theirs.
"""

from __future__ import annotations

import sys
import textwrap

HELPERS = '''
class Watched:
    """Logs what is done to it."""
    def __init__(self, name, **values):
        vars(self).update(values, name=name)
    def __getattribute__(self, attr):
        if not attr.startswith("_"):
            log.append(("get", object.__getattribute__(self, "__dict__")["name"], attr))
        return object.__getattribute__(self, attr)
    def __setattr__(self, attr, value):
        log.append(("set", vars(self)["name"], attr, repr(value)))
        vars(self)[attr] = value
    def __delattr__(self, attr):
        log.append(("del", vars(self)["name"], attr))
        del vars(self)[attr]
    def __getitem__(self, key):
        log.append(("getitem", vars(self)["name"], key))
        return vars(self)[str(key)]
    def __setitem__(self, key, value):
        log.append(("setitem", vars(self)["name"], key, repr(value)))
        vars(self)[str(key)] = value
    def __delitem__(self, key):
        log.append(("delitem", vars(self)["name"], key))
        del vars(self)[str(key)]
    def __contains__(self, key):
        log.append(("contains", vars(self)["name"], key))
        return str(key) in vars(self)
    def __iadd__(self, other):
        log.append(("iadd", vars(self)["name"], repr(other)))
        return self
    def __bool__(self):
        log.append(("bool", vars(self)["name"]))
        return True
    def __repr__(self):
        return f"<{vars(self)['name']}>"

def t(value):
    log.append(value if isinstance(value, (int, str, type(None))) else repr(value))
    return value
'''

SNIPPETS: dict[str, str] = {}


def _add(name: str, source: str, since: tuple[int, int] = (3, 11)) -> None:
    if sys.version_info >= since:
        SNIPPETS[name] = textwrap.dedent(source)


_add(
    "attributes",
    """
    w = Watched("w", a=Watched("a", b=3))
    t(w.a.b)
    w.c = w.a.b
    w.a.d = t(4)
    t(w.a).e = t(w.c)
    del w.c, t(w.a).d
    w.a.n = w.a.m = t(5)
    w.x, w.a.y = t(1), t(2)
    w.n = 1
    w.n += t(2)
    w.n -= w.x
    t(w).n **= t(2)
    w.a += [1]
    t(w.nothing)
    """,
)
_add(
    "items",
    """
    w = Watched("w")
    w[1] = t("one")
    t(w)[t(2)] = t("two")
    t(w[1], ) , t(t(w)[t(2)])
    key = "k"
    w[key] = w[1]
    w[key] += "more"
    t(w)[t(key)] += t("still")
    w[key, 1] = 2
    w[1], t(w)[t(7)] = t(1), t(2)
    w[1] = w[2] = w[t(3)] = t(0)
    del w[1], t(w)[t(2)]
    t(w[t(3)])
    w[-1] = 5
    del w[-1]
    w[w[3]] = w[w[3]] = 1
    t(w["missing"])
    """,
)
_add(
    "slices",
    """
    x = list(range(10))
    t(x[2:4]); t(x[t(1):t(8):t(3)]); t(x[:]); t(x[-3:]); t(x[::2])
    x[1:3] = [t("a")]
    x[t(0):t(1)] = t([9, 9])
    del x[4:], x[t(0):t(1)]
    y = x[:]
    y[:], z = [1], 2
    y[0:0] += [5, 6]
    t(y), t(x)
    class Keys:
        def __getitem__(self, key):
            return t(repr(key))
        def __setitem__(self, key, value):
            t(repr((key, value)))
        def __delitem__(self, key):
            t(repr(key))
    k = Keys()
    k[1:2], k[1:2, ...], k[t(1):t(2), t(3)], k[:, 1:], k[()], k[1,], k[*x]
    k[1:2, ::3] = t(4)
    k[t(1):, 2] = t(5)
    k[*x, 1] = 3
    del k[1:2, ::3]
    k[1:2] += "x"
    """,
)
_add(
    "targets",
    """
    w = Watched("w")
    d = {}
    for w.i in range(2): t(w.i)
    for d["k"] in "ab": t(d["k"])
    for d[t(1)], w.j in [(1, 2)]: t(w.j)
    for i, (j, *k) in [(1, (2, 3, 4))]: t(repr((i, j, k)))
    a, *w.rest = "abc"
    [a, [b, c]] = t([1, [2, 3]])
    (a), b = b, a
    *a, = t("xyz")
    x = y = z = t([])
    class C:
        def __enter__(self): return t("enter")
        def __exit__(self, *a): t("exit")
    with C() as w.c, C() as d[t("key")], C() as (p, q, *r): t(repr((w.c, d, p, q, r)))
    with (C() as s): t(s)
    try:
        a, b = t([1, 2, 3])
    except ValueError as error:
        t(str(error))
    try:
        a, b = t(3)
    except TypeError as error:
        t(str(error))
    t(sorted(name for name in globals() if name == "error"))
    """,
)
_add(
    "order",
    """
    w = Watched("w", a=1, b=2, c=[1, 2], d={"x": 1})
    def f(*args, **kwargs):
        t(repr((args, kwargs)))
        return w
    f(w.a, t(1), f(w.b).a, *w.c, w.a, k=w.b, **w.d, z=f(w.a).b)
    f(f(w.a).b, w.a)[t("x")] = f(w.b).a
    t(w.a + f(w.b).a * w.a)
    t(w.a < f(w.b).b < w.a < t(3))
    t({w.a: f(1).b, **w.d, t(3): w.b})
    t([w.a, *f(2).c, w.b]); t((w.a, f(3).a)); t({f(1).a, w.b})
    f(w.a).x = f(w.b).y = t(f(w.c).a)
    f(1).a += f(2).b
    f(1)[t("n")] = 1
    f(1)[t("n")] += f(2).b
    t(w.a if f(w.b).a else w.b)
    t(w.a and f(w.b).b or w.c)
    t(not w.a); t(-w.a); t(w.a is w.a)
    t(f"{w.a} {f(w.b).a!r:>{w.b}} {w.c=} {t(3):{t(4)}}")
    del f(1).a, f(2)["n"]
    assert w.b, w.c
    assert f(0).b, t("message")
    assert not w, f(w.b).b
    """,
)
_add(
    "globals",
    """
    n = 0
    items = []
    def f():
        global n, fresh
        n += t(1)
        n = n + 1
        fresh = n
        for n in range(3): items.append(n)
        del fresh
        try:
            fresh
        except NameError as error:
            t(str(error))
        (n := t(9))
        return [n := i for i in range(3)]
    t(f()); t(n); t(items)
    def g():
        try:
            unknown += 1
        except UnboundLocalError as error:
            t(str(error))
        global other
        try:
            other += t("not evaluated")
        except NameError as error:
            t(str(error))
    g()
    if n:
        def h(): return 1
    else:
        h = None
    t(h())
    t(sorted(name for name in globals() if "@" in name))
    import json as n
    t(n.__name__)
    class n: pass
    t(n.__name__)
    try:
        raise ValueError("e")
    except ValueError as n:
        t(repr(n))
    t("n" in globals())
    """,
)
_add(
    "closures",
    """
    def outer(x, y=[]):
        "doc"
        count = 0
        once = t("once")
        def inner(n):
            nonlocal count
            count += t(n)
            y.append(count)
            x.append(once)
            def innermost():
                nonlocal count, n
                n -= 1
                count = count * 2 + n
                return lambda: (count, n, later)
            return innermost
        later = t("later")
        functions = []
        for i in range(3):
            functions.append(lambda: i)
        t(repr([f() for f in functions]))
        t(repr(inner(3)()()))
        t(sorted(locals()))
        t(sorted(vars())); t(sorted(dir()))
        t(inner.__code__.co_name); t(outer.__doc__)
        del once
        try:
            inner(1)
        except NameError as error:
            t(str(error))
        return count
    t(outer([])); t(outer.__defaults__)
    def generator():
        total = 0
        def add(n):
            nonlocal total
            total += n
            return total
        while True:
            sent = yield total
            if sent is None: break
            add(sent)
        return total
    g = generator()
    t(next(g)); t(g.send(3)); t(g.send(4))
    try:
        next(g)
    except StopIteration as stop:
        t(stop.value)
    class Inside:
        x = 1
        def make(self):
            x = self.x
            class Local:
                nonlocal x
                x = 5
                y = x
                def get(self):
                    nonlocal x
                    x += 1
                    return x, __class__.__name__
            return Local().get(), Local.y, hasattr(Local, "x"), x
    t(Inside().make())
    """,
)
_add(
    "classes",
    """
    from functools import lru_cache
    def decorate(*args):
        t(repr(args))
        return lambda cls: cls
    w = Watched("w", base=object, dec=decorate)
    @w.dec(w.name, t(1))
    class A(w.base, metaclass=type):
        '''doc'''
        shared = []
        count = t(0)
        __hidden = 1
        for i in range(2):
            count += i
        squares = [i * i for i in range(3)]
        t(sorted(k for k in locals() if not k.startswith("__")))
        def __init__(self, x=w.name, *, y=t("y")):
            "init"
            super().__init__()
            self.__x = x
            self.__x += y
            self.y = self.__hidden
            self.__hidden += 1
        @property
        def x(self): return self.__x
        @x.setter
        def x(self, value): self.__x = t(value)
        @classmethod
        def make(cls):
            cls.count += 1
            return cls(y="z")
        @staticmethod
        def __private(): return t("private")
        def call(self): return self.__private(), A.__private(), [self.__x for __q in "a"], __class__.count
        @lru_cache
        def cached(self, n): return t(n)
    class B(A):
        __slots__ = ("slot",)
        def __init__(self):
            super().__init__()
            super(B, self).call()
            self.slot = super().x
        def call(self): return super().call()
        def __getattr__(self, name): return t("getattr " + name)
    a = A.make(); b = B()
    t(a.call()); t(b.call()); t(a.x); a.x = 5; t(a.x); t(sorted(vars(a))); t(b.slot); t(b.nothing); t(A.__doc__)
    t(a.cached(1)); t(a.cached(1)); t(A.__init__.__doc__); t(A.squares); t(A.make.__qualname__)
    class _:
        __y = 3
        def f(self): return self.__y
    t(_().f())
    class __Under:
        def f(self):
            self.__z = 1
            return vars(self)
    t(__Under().f())
    """,
)
_add(
    "comprehensions",
    """
    w = Watched("w", items=[1, 2, 3], pairs={"a": 1})
    t([x + w.items[0] for x in w.items if x > 1 if w.items])
    t({x: y for x, y in w.pairs.items()}); t({t(x) for x in w.items})
    t(list(t(x) + y for x in w.items for y in w.items if t(x) != y))
    t([[y for y in w.items if y < x] for x in w.items])
    t([(lambda: x)() for x in w.items]); t([f() for f in [lambda: x for x in w.items]])
    t([w.last for w.last in "ab"]); t([last := x for x in w.items]); t(last)
    g = (x for x in t([1, 2])); t(next(g))
    def f(n):
        y = [n for _ in range(2)]
        z = [i for i in range(n) if (m := i)]
        return y, z, m, sorted(locals()), [sorted(k for k in locals() if not k.startswith(".")) for q in "a"]
    t(len(f(3)[0])); t(f(3)[:4])
    try:
        [t(x) for x in w.nothing]
    except AttributeError as error:
        t(str(error))
    class C:
        n = 2
        squares = [i for i in range(n)]
        try:
            bad = [n for i in range(n)]
        except NameError as error:
            t(str(error))
    """,
)
_add(
    "generators",
    """
    w = Watched("w", items=[1, 2])
    def inner():
        got = yield w.items[0]
        t(got)
        try:
            yield w.items[1]
        except KeyError as error:
            t(repr(error))
        return t("done")
    def outer():
        w.result = yield from inner()
        yield from w.items
        w.x = yield
        w[(yield 1)] = yield 2
        return (yield w.x) + (yield)
    g = outer()
    t(next(g)); t(g.send("hello")); t(g.throw(KeyError("k"))); t(next(g)); t(next(g)); t(g.send("x")); t(g.send("v"))
    t(g.send("k")); t(g.send("key")); t(g.send(1))
    try:
        g.send(2)
    except StopIteration as stop:
        t(stop.value)
    g.close()
    """,
)
_add(
    "async",
    """
    import asyncio
    w = Watched("w", items=[1, 2])
    class Manager:
        async def __aenter__(self): return t("aenter")
        async def __aexit__(self, *a): t("aexit")
    async def agen():
        for x in w.items:
            await asyncio.sleep(0)
            yield x
    async def main():
        async with Manager() as w.m, Manager(): t(w.m)
        async for w.x in agen(): t(w.x)
        else: t("else")
        t([x async for x in agen() if w.items]); t({x: await other(x) async for x in agen()})
        t([await other(x) for x in w.items]); t([x for x in [await other(w.items[0])]])
        w.r = await other(w.items[1]) + w.items[0]
        total = 0
        async def add():
            nonlocal total
            total += await other(1)
        await asyncio.gather(add(), add())
        return total
    async def other(n): return t(n) * 2
    t(asyncio.run(main()))
    """,
)
_add(
    "errors",
    """
    w = Watched("w", E=ValueError, G=ExceptionGroup)
    def f():
        try:
            try:
                raise w.E("one") from t(KeyError("cause"))
            except w.E as w_error:
                t(repr(w_error.__cause__))
                raise
            except KeyError: t("no")
            else: t("no")
            finally: t("finally")
        except (w.E, t(TypeError)) as e:
            t(repr(e))
        else: t("no")
        try:
            pass
        finally:
            w.x = 1
        try:
            return w.x
        finally:
            t("leaving")
    t(f())
    try:
        raise w.G("g", [ValueError(1), TypeError(2)])
    except* w.E as eg:
        t(repr(eg.exceptions))
    except* TypeError as eg:
        t(repr(eg.exceptions))
    for x in [1, 2, 3]:
        if w.x == x: continue
        if x == 3: break
        w.y = x
    else: t("no break")
    while w.x < 3:
        w.x += 1
    else: t("else")
    try: t(missing)
    except NameError as e: t(e.name)
    try: w.missing
    except AttributeError as e: t((e.name, e.obj is w))
    assert w.x == 3
    raise w.E(w.x)
    """,
)
_add(
    "match",
    """
    class P:
        __match_args__ = ("x", "y")
        def __init__(self, x, y): self.x, self.y = x, y
    w = Watched("w", p=P(1, P(2, 3)), l=[1, [2, 3], 4], d={"a": 1, "b": {"c": 2}}, ONE=1)
    def f(v):
        match v:
            case P(1, y=P(a, 3)) if t(a): return "nested", a
            case P(x=z): return "P", z
            case [1, [q, _], *rest]: return q, rest
            case [] | [_]: return "short"
            case {"a": w.ONE, "b": {"c": c}, **others}: return c, others
            case {"a": _}: return "a"
            case str() as s if w.ONE: return s
            case None | True: return "single"
            case w.ONE: return "one"
            case -1 | 1.5: return "number"
            case _: return "nothing"
    for v in (w.p, P(4, 5), w.l, [], [7], w.d, {"a": 2}, "s", None, 1, -1, 3): t(f(v))
    match w.p.x, t(2):
        case (1, w_two): t(w_two)
    match t(w.l):
        case [*everything]: t(everything)
    """,
)
_add(
    "functions",
    """
    w = Watched("w", d=1, t=int)
    def f(a, b=w.d, /, c=t(2), *args, d: t("annotation") = w.d, e=lambda x=w.d: x + w.d, **kwargs) -> t("return"):
        return a, b, c, args, d, e(), kwargs
    t(f(1)); t(f(1, 2, 3, 4, d=5, e=lambda: 6, z=7)); t(f.__annotations__); t(f.__kwdefaults__["d"])
    k = lambda *a, b=w.d, **c: (a, b, c)
    t(k(1, b=2, c=3)); t((lambda: (yield))().__class__.__name__)
    t((lambda n: (lambda: n))(3)())
    x: int = w.d
    w.y: t("ann") = t(5)
    w["z"]: int = 3
    z: int
    (u): int = 4
    def g():
        v: undefined = w.d
        w.q: undefined = t(1)
        v2: undefined
        return v
    t(g()); t(sorted(globals().get("__annotations__", {})) if f.__code__.co_flags >= 0 and False else "")
    t(eval("w.d + 1")); exec("w.e = 3"); t(w.e)
    def namespaces(a):
        exec("b = 3")
        return sorted(locals())[:1], eval("a")
    t(namespaces(2))
    if __debug__: t("debug")
    print(w.d, *[w.d], sep=t("-"), end="")
    from collections import deque as queue, OrderedDict
    q = queue([1]); q.append(w.d); t(q.pop()); t(len(q)); t(OrderedDict(a=w.d))
    from heapq import heappush
    h = []; heappush(h, w.d); t(h)
    append = h.append; append(t(2)); t(sorted(h, key=lambda v: -v))
    t(setattr(w, "s", 1)); t(getattr(w, "s")); t(getattr(w, "none", None)); t(vars(w)["s"])
    """,
)
_add(
    "in",
    """
    w = Watched("w", l=[1, 2], s="text")
    t(1 in w); t(t("l") in w); t(t("no") not in t(w)); t(1 in w.l); t("x" in w.s); t(1 in (1, 2)); t(0 < t(1) in w.l)
    t("l" in w in [True]); t("e" in "text"); t(w.l == [1, 2]); t(w.l != w.l); t(w.l == w.l == [1, 2])
    try: 1 in 5
    except TypeError as error: t(str(error))
    try: t(1) in 5
    except TypeError as error: t(str(error))
    """,
)
_add(
    "inplace",
    """
    x = y = [1]
    x += [2]; t(y); x += t((3,)); t(y); x *= 2; t(y)
    s = r = {1}; s |= {2}; s -= {1}; t(r)
    d = e = {}; d |= {"a": 1}; t(e)
    w = Watched("w", l=x, n=1)
    w.l += [t(9)]; t(x); w.l[0] += 5; w.l[t(1)] += w.n; t(x)
    n = 1; n += w.n; n <<= 2; n //= w.n; n @= w if False else Mat(); t(n)
    """.replace("n @= w if False else Mat(); ", ""),
)
_add(
    "types",
    """
    class Base: pass
    w = Watched("w", base=Base)
    type Alias[T] = list[T]
    class Box[T](w.base):
        items: list[T]
        def __init__(self, x: T): self.x = x
        def get[U](self, default: U = None) -> T | U: return self.x
    def first[T: int](xs: list[T], n=t(1)) -> T:
        c = 0
        def bump():
            nonlocal c
            c += xs[0]
            return T.__name__
        bump()
        return c
    t(Box[int](3).get()); t(first([4])); t(Alias.__name__); t(repr(first.__type_params__))
    """,
    (3, 12),
)
_add(
    "nested f-strings",
    """
    w = Watched("w", a=1, l=["x"])
    t(f"{w.l[0]!r:>{w.a + 4}} {f'{w.a}' + "x"} {[f"{x}" for x in w.l]}")
    """,
    (3, 12),
)
_add(
    "template strings",
    """
    w = Watched("w", a=1, b=5)
    s = t"x {w.a!r:>{w.b}} {t(2) + w.a} y"
    t(s.strings); t(s.values); t([i.expression for i in s.interpolations]); t([i.format_spec for i in s.interpolations])
    """,
    (3, 14),
)
_add(
    "future",
    '''
    """The docstring."""
    from __future__ import annotations
    N = 1
    def f(x: undefined.name[N]) -> Watched: pass
    t(__doc__); t(f.__annotations__)
    class C:
        y: list[N] = []
    t(C.__annotations__)
    ''',
)
