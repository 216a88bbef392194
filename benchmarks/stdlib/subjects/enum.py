# SPDX-License-Identifier: MIT
"""enum."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, names, op, shared, small


def _made(enum):
    class Colour(enum.Enum):
        RED = 1
        BLUE = enum.auto()
        ALIAS = 1

        @enum.property
        def shade(self):
            return self.value

    class Bits(enum.IntFlag):
        A = 1
        B = 2
        C = enum.nonmember(4)

    @enum.unique
    class Word(enum.StrEnum):
        X = enum.auto()

    return Colour(1), Colour["BLUE"], list(Colour), Bits(3), ~Bits.A, Word("x"), Colour.RED.shade


def _flag(enum):
    class Bits(enum.Flag, boundary=enum.KEEP):
        A = 1
        B = 2
        D = 8

    return Bits


def _enumeration(enum):
    class Colour(enum.Enum):
        RED = 1
        BLUE = 2

        @classmethod
        def _missing_(cls, value):
            return cls.RED if value == 3 else None

    return Colour


SUBJECT = Subject(
    "enum",
    calls=(
        op(_made),
        op(lambda enum, names: enum.Enum("Made", names), st.lists(names, max_size=3)),
        op(lambda enum, names: enum.IntFlag("Made", " ".join(names)), st.lists(names, max_size=3)),
        op(lambda enum: enum.global_enum(_flag(enum))),
        op(lambda enum: enum.verify(enum.CONTINUOUS, enum.NAMED_FLAGS, enum.UNIQUE)(_flag(enum))),
        op(lambda enum: enum._simple_enum(enum.IntEnum)(type("Simple", (), {"A": 1, "B": 2}))),
        op(lambda enum: enum._simple_enum(enum.Flag)(type("Simple", (), {"A": 1, "B": 2}))),
    ),
    objects=(
        shared(
            "Flag",
            _flag,
            op(lambda bits, n: bits(n), st.integers(0, 40)),
            op(lambda bits, n: list(bits(n)), st.integers(0, 40)),
            op(lambda bits, n: repr(bits(n)) + str(bits(n)), st.integers(0, 40)),
            op(lambda bits, n: (~bits(n), bits(n) | bits.A, bits(n) ^ bits.B), st.integers(0, 40)),
            op(lambda bits: bits["A"] in bits.A),
            promised="members are looked up, not made, as far as the user can see",
        ),
        shared(
            "Enum",
            _enumeration,
            op(lambda kind, n: kind(n), small),
            op(lambda kind: [one.name for one in kind]),
            op(lambda kind: kind["RED"] == kind.RED),
            op(lambda kind: hash(kind.BLUE)),
            promised="an enumeration is a set of constants",
        ),
    ),
    tests=("test.test_enum",),
)
