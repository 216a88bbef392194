# SPDX-License-Identifier: MIT
"""bisect, the one in Python."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, each, numbers, op, shared, small

_sorted = st.lists(numbers, max_size=8).map(sorted)

SUBJECT = Subject(
    "bisect",
    blocked=("_bisect",),
    calls=(
        *each("bisect_left bisect_right bisect insort_left insort_right insort", _sorted, numbers),
        *each("bisect_left bisect_right insort_left insort_right", _sorted, numbers, small, small),
        op(lambda bisect, items, x: bisect.insort_left(items, x, key=lambda item: -item), _sorted, numbers),
        op(lambda bisect, items, x: bisect.insort_right(items, x, key=lambda item: -item), _sorted, numbers),
    ),
    objects=(
        shared(
            "list",
            lambda bisect: (bisect, [1, 3, 5]),
            op(lambda pair, x: pair[0].insort(pair[1], x), numbers),
            op(lambda pair, x: pair[0].insort_left(pair[1], x), numbers),
            op(lambda pair, x: pair[0].bisect(pair[1], x), numbers),
        ),
    ),
    tests=("test.test_bisect",),
)
