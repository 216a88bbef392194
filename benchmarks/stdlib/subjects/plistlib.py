# SPDX-License-Identifier: MIT
"""plistlib."""

import datetime

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, names, op, shared

_values = st.recursive(
    st.sampled_from([True, 0, 2**40, 1.5, "text", b"data" * 30, datetime.datetime(2024, 1, 2, 3, 4, 5), "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


def _both(plistlib, value, kind):
    return plistlib.loads(plistlib.dumps(value, fmt=getattr(plistlib, kind), sort_keys=False))


SUBJECT = Subject(
    "plistlib",
    calls=(
        op(_both, _values, st.sampled_from(["FMT_XML", "FMT_BINARY"])),
        op(lambda plistlib: plistlib.loads(plistlib.dumps({"a": plistlib.UID(3)}, fmt=plistlib.FMT_BINARY))),
        op("loads", data),
        op("loads", st.just(b"<?xml version='1.0'?><plist><dict><key>a</key><bad/></dict></plist>")),
    ),
    objects=(shared("UID", lambda plistlib: plistlib.UID(1), op(hash), op(repr), op(lambda uid: uid.__index__())),),
    tests=("test.test_plistlib",),
)
