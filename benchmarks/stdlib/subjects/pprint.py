# SPDX-License-Identifier: MIT
"""pprint."""

import collections

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, dicts, each, flags, lists, numbers, op, shared, small, strings, trees

_things = st.one_of(
    trees,
    st.sampled_from(["word " * 40, b"bytes" * 40, {"k" * 50: list(range(60))}, ((1,), frozenset({1, 2}))]),
    st.builds(collections.OrderedDict, dicts),
    st.builds(collections.Counter, strings),
    st.builds(collections.deque, lists),
    st.builds(collections.ChainMap, dicts),
    st.builds(lambda: __import__("types").SimpleNamespace(a=list(range(40)), b="x" * 80)),
)

SUBJECT = Subject(
    "pprint",
    calls=(
        *each("pformat saferepr isreadable isrecursive", _things),
        op("pformat", _things, small, numbers, compact=flags, underscore_numbers=flags),
        op(lambda pprint, thing: pprint.pprint(thing, stream=__import__("io").StringIO()), _things),
        op(lambda pprint, thing: pprint.pp(thing, stream=__import__("io").StringIO()), _things),
    ),
    objects=(
        shared(
            "PrettyPrinter",
            lambda pprint: pprint.PrettyPrinter(width=20),
            *each("pformat isreadable isrecursive", _things),
        ),
    ),
    tests=("test.test_pprint",),
)
