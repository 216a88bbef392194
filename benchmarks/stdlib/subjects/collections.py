# SPDX-License-Identifier: MIT
"""collections, the one in Python: OrderedDict, namedtuple, Counter, ChainMap, User*."""

from benchmarks.stdlib.subject import (
    Subject,
    dicts,
    each,
    flags,
    lists,
    names,
    numbers,
    op,
    shared,
    small,
    strings,
    words,
)


def _namedtuple(collections, name):
    made = collections.namedtuple("Made", ["x", name], rename=True, defaults=(1,))
    one = made(1)
    return one._replace(x=2), one._asdict(), made._make([1, 2]), repr(one), one.__getnewargs__()


_keys = names
_mapping = (
    op(lambda d, key, value: d.__setitem__(key, value), _keys, numbers),
    op(lambda d, key: d.__delitem__(key), _keys),
    op(lambda d, key: d[key], _keys),
    op(lambda d, key: key in d, _keys),
    op("pop", _keys, small),
    op("setdefault", _keys, small),
    op("update", dicts),
    *each("popitem clear copy"),
    op(lambda d: list(d.items())),
    op(lambda d: len(d)),
    op(repr),
    op(lambda d, other: d | other, dicts),
    op(lambda d, other: d.__ior__(other), dicts),
    op(lambda d: d == {}),
)

SUBJECT = Subject(
    "collections",
    blocked=("_collections",),
    files=("_collections_abc",),
    calls=(
        op(_namedtuple, names),
        op(lambda c, items: c.Counter(items).most_common(2), strings),
        op(lambda c, a, b: [c.Counter(a) + c.Counter(b), c.Counter(a) - c.Counter(b)], lists, lists),
        op(lambda c, a, b: [c.Counter(a) & c.Counter(b), c.Counter(a) | c.Counter(b)], lists, lists),
        op(lambda c, a: [+c.Counter(a), -c.Counter(a), c.Counter(a).total(), c.Counter(a).copy()], lists),
        op(lambda c, items: c.OrderedDict.fromkeys(items), strings),
        op(lambda c, d: c.ChainMap(d).new_child({"x": 1}).parents, dicts),
        op(lambda c, d: c.UserDict(d).copy(), dicts),
        op(lambda c, d: c.UserList(d) + d, lists),
        op(lambda c, d: c.UserString(d).upper(), words),
    ),
    objects=(
        shared(
            "OrderedDict",
            lambda c: c.OrderedDict.fromkeys("abc", 1),
            *_mapping,
            op("move_to_end", _keys, flags),
            op(lambda d: list(reversed(d))),
            op("popitem", flags),
            op(lambda d: d.__reduce__()),
            op(lambda d: [list(d.keys()), list(reversed(d.items()))]),
        ),
        shared(
            "Counter",
            lambda c: c.Counter("abca"),
            *_mapping,
            op("subtract", strings),
            op("update", strings),
            op("most_common", small),
            *each("elements total"),
            op(lambda d, other: d.__iadd__(type(d)(other)), dicts),
            op(lambda d, other: d.__isub__(type(d)(other)), dicts),
            op(lambda d, other: d.__iand__(type(d)(other)), dicts),
            op(lambda d, other: d.__ior__(type(d)(other)), dicts),
        ),
        shared("ChainMap", lambda c: c.ChainMap({"a": 1}, {"b": 2}), *_mapping, op("new_child", dicts)),
        shared("UserDict", lambda c: c.UserDict({"a": 1}), *_mapping),
        shared(
            "UserList",
            lambda c: c.UserList([3, 1, 2]),
            op("append", numbers),
            op("extend", lists),
            op("insert", small, numbers),
            op("remove", numbers),
            op("index", numbers),
            *each("pop clear sort reverse copy"),
            op(lambda items, other: items.__iadd__(other), lists),
            op(lambda items, n: items.__imul__(n), small),
            op(lambda items, n, x: items.__setitem__(n, x), small, numbers),
            op(lambda items, n: items.__delitem__(n), small),
            op(list),
        ),
    ),
    tests=("test.test_collections", "test.test_ordered_dict"),
)
