# SPDX-License-Identifier: MIT
"""weakref, what of it is in Python: the dictionaries, WeakSet, WeakMethod and finalize."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op, shared, small

PROMISED = "objects die on any thread, so that these change under everybody's hands"


class _Thing:
    def method(self):
        return self


_THINGS = [_Thing() for _ in range(4)]
_things = st.integers(0, 3).map(_THINGS.__getitem__) | st.builds(_Thing)
_values = (
    op(lambda d, key, value: d.__setitem__(key, value), names, _things),
    op(lambda d, key: d[key], names),
    op(lambda d, key: d.__delitem__(key), names),
    op(lambda d, key: key in d, names),
    op("get", names),
    op("setdefault", names, _things),
    op("pop", names, small),
    *each("popitem copy clear items values keys valuerefs itervaluerefs __repr__ __copy__"),
    op(lambda d, value: d.update({"a": value}), _things),
    op(lambda d, value: d | {"b": value}, _things),
    op(lambda d, value: d.__ior__({"b": value}), _things),
    op(len),
    op(lambda d: [key for key in d]),
    op(lambda d: __import__("copy").deepcopy(d)),
)
_keys = (
    op(lambda d, key, value: d.__setitem__(key, value), _things, small),
    op(lambda d, key: d[key], _things),
    op(lambda d, key: d.__delitem__(key), _things),
    op(lambda d, key: key in d, _things),
    op("get", _things),
    op("setdefault", _things, small),
    op("pop", _things, small),
    *each("popitem copy clear items values keys keyrefs __repr__ __copy__"),
    op(lambda d, key: d.update({key: 1}), _things),
    op(len),
    op(lambda d: [key for key in d]),
)
_sets = (
    op("add", _things),
    op("discard", _things),
    op("remove", _things),
    op(lambda s, thing: thing in s, _things),
    *each("pop clear copy __repr__"),
    op("update", st.lists(_things, max_size=2)),
    *each(
        "union difference intersection issubset issuperset symmetric_difference isdisjoint",
        st.lists(_things, max_size=2),
    ),
    *each("difference_update intersection_update symmetric_difference_update", st.lists(_things, max_size=2)),
    op(lambda s, thing: s.__ior__({thing}), _things),
    op(lambda s, thing: s.__isub__({thing}), _things),
    op(len),
    op(list),
)


def _finalized(weakref):
    thing = _Thing()
    final = weakref.finalize(thing, int, "1")
    final.atexit = False
    final.peek(), repr(final), final.alive
    second = weakref.finalize(thing, int)
    del thing
    return final(), second.detach()


def _finalizer(weakref):
    final = weakref.finalize(_THINGS[0], int, "1")
    final.atexit = False
    return final


SUBJECT = Subject(
    "weakref",
    files=("_weakrefset",),
    calls=(
        op(_finalized),
        op(lambda weakref: weakref.WeakMethod(_THINGS[0].method)() == weakref.WeakMethod(_Thing().method)),
        op(lambda weakref, thing: weakref.WeakValueDictionary({"a": thing}), _things),
        op(lambda weakref, thing: weakref.WeakKeyDictionary({thing: 1}), _things),
        op(lambda weakref, thing: weakref.WeakSet([thing]), _things),
        op(lambda weakref, thing: weakref.getweakrefcount(thing), _things),
    ),
    objects=(
        shared("WeakValueDictionary", lambda weakref: weakref.WeakValueDictionary(), *_values, promised=PROMISED),
        shared("WeakKeyDictionary", lambda weakref: weakref.WeakKeyDictionary(), *_keys, promised=PROMISED),
        shared("WeakSet", lambda weakref: weakref.WeakSet(), *_sets, promised=PROMISED),
        shared(
            "finalize",
            _finalizer,
            op(lambda final: final()),
            *each("detach peek __repr__"),
            op(lambda final: (final.alive, final.atexit)),
            op(lambda final: setattr(final, "atexit", False)),
            promised="a finalizer runs at most once",
            done=lambda final: final.detach(),
        ),
    ),
    tests=("test.test_weakref", "test.test_weakset"),
)
