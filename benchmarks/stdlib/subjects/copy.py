# SPDX-License-Identifier: MIT
"""copy."""

import collections
import datetime

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, dicts, each, op, shared, trees

_things = st.one_of(
    trees,
    st.builds(lambda: [[1], {2: [3]}, (4, [5])]),
    st.builds(collections.OrderedDict, dicts),
    st.sampled_from([datetime.date(2024, 1, 2), len, 1j]),
    st.builds(bytearray, data),
)

SUBJECT = Subject(
    "copy",
    calls=(
        *each("copy deepcopy", _things),
        op(lambda copy: copy.deepcopy(_Loop())),
        op(lambda copy: copy.replace(datetime.date(2024, 1, 2), year=2025)),
    ),
    objects=(
        shared(
            "list",
            lambda copy: (copy, [[1], [2]]),
            op(lambda pair: pair[0].deepcopy(pair[1])),
            op(lambda pair: pair[1].append([3])),
            op(lambda pair: pair[0].copy(pair[1])),
        ),
    ),
    tests=("test.test_copy",),
)


class _Loop:
    def __init__(self):
        self.itself = self
        self.items = [self]
