# SPDX-License-Identifier: MIT
"""typing."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, names, op, shared


def _made(typing):
    T = typing.TypeVar("T")

    class Box(typing.Generic[T]):
        x: "int"

    class Row(typing.NamedTuple):
        a: int
        b: str = ""

    class Movie(typing.TypedDict, total=False):
        name: typing.Required[str]

    @typing.runtime_checkable
    class Closes(typing.Protocol):
        def close(self): ...

    isinstance(open, Closes), issubclass(int, Closes), isinstance([], Closes)
    return Box[int](), Row(1), Movie(name="x"), typing.get_type_hints(Box), Box[T][int], Movie.__required_keys__


def _overloaded(typing, name):
    def function(x):
        return x

    function.__qualname__ = name
    return typing.overload(function), typing.get_overloads(function)


def _protocol(typing):
    @typing.runtime_checkable
    class Closes(typing.Protocol):
        def close(self): ...

    return Closes


_forms = st.sampled_from(
    ["Union", "Optional", "List", "Dict", "Callable", "Literal", "ClassVar", "Annotated", "Concatenate"]
)

SUBJECT = Subject(
    "typing",
    calls=(
        op(_made),
        op(_overloaded, names),
        op("clear_overloads"),
        op(lambda typing, form: getattr(typing, form)[int, str], _forms),
        op(lambda typing, form: repr(getattr(typing, form)[int]), _forms),
        op(lambda typing: typing.get_type_hints(_protocol(typing).close)),
        op(lambda typing: typing.ForwardRef("int")._evaluate({}, {}, frozenset())),
        op(lambda typing: [typing.get_origin(typing.List[int]), typing.get_args(typing.Dict[str, int])]),
        op(lambda typing: typing.NewType("Id", int)(3)),
        op(lambda typing: typing.no_type_check(type("Plain", (), {"f": lambda self: 1}))),
        op(lambda typing: typing.final(typing.override(lambda: 1))),
        op(lambda typing: typing.Callable[[int], str] | None),
        op(lambda typing: typing.dataclass_transform()(type("Plain", (), {}))),
        op(lambda typing: typing.get_protocol_members(_protocol(typing))),
        op(lambda typing: [typing.is_typeddict(dict), typing.cast(int, 1), typing.assert_type(1, int)]),
        op(lambda typing: typing.Generic.__class_getitem__(typing.TypeVar("U"))),
        op(lambda typing: typing.NamedTuple("Pair", [("a", int)])(1)),
        op(lambda typing: typing.TypedDict("Pair", {"a": int})),
        op(lambda typing: typing.AwesomeAbsentThing),
    ),
    objects=(
        shared(
            "Protocol",
            _protocol,
            op(lambda kind: isinstance([], kind)),
            op(lambda kind: isinstance(type("Fresh", (), {"close": int})(), kind)),
            op(lambda kind: issubclass(int, kind)),
            promised="a class is used by all",
        ),
        shared(
            "ForwardRef",
            lambda typing: typing.ForwardRef("int"),
            op(lambda ref: ref._evaluate({}, {}, frozenset(), recursive_guard=frozenset())),
            op(lambda ref: ref._evaluate({}, {}, type_params=(), recursive_guard=frozenset())),
            op(repr),
            op(hash),
            op(lambda ref: ref == type(ref)("int")),
            promised="it is in the annotations of a class, which is used by all",
        ),
    ),
    tests=("test.test_typing",),
)
