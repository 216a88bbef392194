# SPDX-License-Identifier: MIT
"""functools, what is in Python: lru_cache without its part in C, singledispatch, cached_property."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, filled, lists, numbers, op, scalars, shared, small

PROMISED = "`lru_cache` is said to be threadsafe"


class _Value:
    pass


def _dispatch(functools):
    @functools.singledispatch
    def function(value, *more):
        return value

    function.register(int, lambda value: -value)
    return function


def _property(functools):
    class Owner:
        @functools.cached_property
        def value(self):
            return object()

        @functools.singledispatchmethod
        def method(self, argument):
            return argument

        @method.register
        def _(self, argument: int):
            return -argument

        part = functools.partialmethod(lambda self, one, two=0: (one, two), 1)

    return Owner()


def _ordered(functools):
    @functools.total_ordering
    class Ordered:
        def __eq__(self, other):
            return True

        def __lt__(self, other):
            return False

    return Ordered() <= Ordered(), Ordered() >= Ordered(), Ordered() > Ordered()


_cache_ops = (
    op(lambda function, x: function(x), small),
    op(lambda function, x: function(x, key=x), small),
    *each("cache_info cache_clear cache_parameters"),
)

SUBJECT = Subject(
    "functools",
    blocked=("_functools",),
    calls=(
        op(lambda functools, x: functools.lru_cache(2)(lambda y: y)(x), small),
        op(lambda functools, x: functools.partial(max, x, key=abs)(x, 2), small),
        op(lambda functools, x: functools.partial(functools.partial(max, x), 1)(2), small),
        op("reduce", st.just(max), filled),
        op(lambda functools, items: sorted(items, key=functools.cmp_to_key(lambda a, b: a - b)), lists),
        op(_ordered),
        op(lambda functools: functools.wraps(repr)(lambda: 1)),
        op(lambda functools: _dispatch(functools)(1)),
        op(lambda functools: _property(functools).value),
        op(lambda functools: _property(functools).method(1)),
        op(lambda functools: _property(functools).part(two=2)),
    ),
    objects=(
        shared(
            "lru_cache", lambda functools: functools.lru_cache(2)(lambda *x, **y: x), *_cache_ops, promised=PROMISED
        ),
        shared(
            "lru_cache, typed",
            lambda functools: functools.lru_cache(2, typed=True)(lambda *x, **y: x),
            *_cache_ops,
            promised=PROMISED,
        ),
        shared("cache", lambda functools: functools.cache(lambda *x, **y: x), *_cache_ops, promised=PROMISED),
        shared(
            "lru_cache of size 0",
            lambda functools: functools.lru_cache(0)(lambda *x, **y: x),
            *_cache_ops,
            promised=PROMISED,
        ),
        shared(
            "singledispatch",
            _dispatch,
            op(lambda function, x: function(x), scalars),
            op(lambda function: function.register(str, lambda value: value)),
            op(lambda function: function.register(float)(lambda value: value)),
            op(lambda function: function.registry),
            op(lambda function: function.dispatch(bool)),
            op(lambda function: function._clear_cache()),
            promised="it makes a function, which all may call",
        ),
        shared(
            "cached_property",
            _property,
            op(lambda owner: owner.value),
            op(lambda owner: vars(owner).pop("value", None)),
            op(lambda owner, x: owner.method(x), scalars),
            op(lambda owner: owner.part(two=1)),
        ),
        shared(
            "partial",
            lambda functools: functools.partial(max, 1),
            op(lambda partial, x: partial(x), numbers),
            op(lambda partial: partial.__setstate__((max, (2,), {}, {}))),
            op(lambda partial: partial.__reduce__()),
            op(repr),
        ),
    ),
    tests=("test.test_functools",),
)
