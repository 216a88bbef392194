# SPDX-License-Identifier: MIT
"""copyreg."""

import threading

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, names, op


class _Slots:
    __slots__ = ("__b", "a")


def _own_extension(copyreg):
    name, code = threading.current_thread().name, 1000 + threading.get_ident() % 9000
    copyreg.add_extension("own", name, code)
    copyreg._extension_cache[code] = str
    copyreg.remove_extension("own", name, code)


_types = st.sampled_from([_Slots, type("One", (), {"__slots__": "x"}), type("Two", (), {})])
_codes = st.integers(1, 4)

SUBJECT = Subject(
    "copyreg",
    calls=(
        op("pickle", _types, st.just(str)),
        op("pickle", _types, st.just(str), st.just(str)),
        op("constructor", st.just(str)),
        *each("add_extension remove_extension", st.just("module"), names, _codes),
        op("clear_extension_cache"),
        op(_own_extension),
        op(lambda copyreg, kind: copyreg._slotnames(kind), _types),
        op(lambda copyreg: copyreg._slotnames(type("Fresh", (), {"__slots__": ("a", "__b")}))),
        op(lambda copyreg: copyreg.__reduce_ex__(object.__new__(type("Plain", (), {})), 1)),
        op("__newobj__", st.just(list)),
        op("pickle_complex", st.just(1j)),
    ),
    tests=("test.test_copyreg",),
)
