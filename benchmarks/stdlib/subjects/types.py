# SPDX-License-Identifier: MIT
"""types."""

from benchmarks.stdlib.subject import Subject, op, shared, small


def _class(types):
    return types.new_class("Made", (dict,), {}, lambda body: body.update(x=1))


def _property(types):
    class Owner:
        @types.DynamicClassAttribute
        def value(self):
            return 1

    return Owner().value, Owner.__dict__["value"].setter(lambda self, value: None)


def _coroutine(types):
    @types.coroutine
    def generator():
        yield 1

    made = generator()
    made.send(None)
    made.close()
    return made.gi_running if hasattr(made, "gi_running") else None


class _Iterator:
    def send(self, value):
        return value

    def throw(self, *args):
        raise args[0]

    def close(self):
        pass

    def __iter__(self):
        return self

    def __next__(self):
        return 1


SUBJECT = Subject(
    "types",
    calls=(
        op(_class),
        op(_property),
        op(_coroutine),
        op(lambda types: types.resolve_bases((list[int], int))),
        op(lambda types: types.prepare_class("Made", (dict,), {"metaclass": type})),
        op(lambda types: types.get_original_bases(int)),
        op(lambda types: types.coroutine(lambda: _Iterator())()),
        op(lambda types: types.SimpleNamespace(a=1)),
    ),
    objects=(
        shared(
            "_GeneratorWrapper",
            lambda types: types._GeneratorWrapper(_Iterator()),
            op(lambda one: next(one)),
            op("send", small),
            op("close"),
            op(lambda one: (one.gi_code, one.gi_frame, one.gi_running)),
        ),
    ),
    tests=("test.test_types",),
)
