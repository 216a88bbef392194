# SPDX-License-Identifier: MIT
"""pickle, the one in Python."""

import io

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, each, lists, numbers, op, scalars, shared, trees

_protocols = st.integers(0, 5)


class _Object:
    def __init__(self):
        self.attribute = [1]
        self.itself = self


class _Slots:
    __slots__ = ("a",)


_things = st.one_of(
    trees,
    scalars,
    st.builds(_Object),
    st.builds(_Slots),
    st.sampled_from([dict, len, _Object, 1j, 2**70, frozenset([1]), ("x",) * 5, "x" * 300]),
    st.builds(set, lists),
    st.builds(bytearray, data),
)


def _whole(pickle, thing, protocol):
    return pickle._loads(pickle._dumps(thing, protocol))


def _pickler(pickle):
    return pickle._Pickler(io.BytesIO(), 4)


SUBJECT = Subject(
    "pickle",
    blocked=("_pickle",),
    calls=(
        op(_whole, _things, _protocols),
        op(lambda pickle, thing: pickle._loads(pickle._dumps(thing, 2, fix_imports=True)), _things),
        op(lambda pickle, thing: pickle._dumps(pickle.PickleBuffer(b"x"), 5, buffer_callback=[].append), _things),
        op(lambda pickle, data: pickle._loads(data), data),
        op("encode_long", numbers),
        op("decode_long", data),
        op("whichmodule", st.sampled_from([len, _Object]), st.just("x")),
        op(lambda pickle: pickle._loads(b"\x80\x02cio\nBytesIO\n.")),
    ),
    objects=(
        shared("_Pickler", _pickler, op("dump", _things), *each("clear_memo")),
        shared(
            "_Unpickler",
            lambda pickle: pickle._Unpickler(io.BytesIO(b"".join(pickle._dumps({"a": [n]}) for n in range(30)))),
            op("load"),
        ),
    ),
    tests=("test.test_pickle",),
)
