# SPDX-License-Identifier: MIT
"""base64."""

from hypothesis import strategies as st

from benchmarks.stdlib.subject import Subject, data, flags, op, small

SUBJECT = Subject(
    "base64",
    calls=(
        *(
            op(lambda m, data, code=code: getattr(m, f"{code}decode")(getattr(m, f"{code}encode")(data)), data)
            for code in ("b64", "urlsafe_b64", "b32", "b32hex", "b16", "a85", "b85", "z85", "standard_b64")
        ),
        op("a85encode", data, wrapcol=small, adobe=flags, foldspaces=flags),
        op(lambda m, data: m.decodebytes(m.encodebytes(data)), data),
        op("b64decode", data, validate=flags),
        op("b32decode", data, flags, st.just(b"I")),
    ),
    tests=("test.test_base64",),
)
