# SPDX-License-Identifier: MIT
"""fnmatch."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, numbers, op, strings, words

_patterns = st.sampled_from(
    [
        "*.py",
        "[!a]?",
        "[a-",
        "*" * 9 + "b",
        "**x",
        "[]]",
        "a[b-a]",
        "a?b",
        "[[]x",
        "[a-c-e]",
        "[z-a]",
        "*a*b?c*",
        "[!]",
        "[^a]",
        "[c-aA-C]",
    ]
)

SUBJECT = Subject(
    "fnmatch",
    calls=(
        *each("fnmatch fnmatchcase", words, _patterns),
        op("filter", strings, _patterns),
        op("translate", _patterns),
        op("filterfalse", strings, _patterns),
        op(lambda fnmatch, n: fnmatch.fnmatch("a", "*" * n), numbers),
    ),
    tests=("test.test_fnmatch",),
)
